"""Distances between distributions that are given as logits, in fp32, with columns that may be left out.

`keep` is True where a column takes part. A row with no column left is treated as uniform: finite, without gradient.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

# Finite on purpose: -inf turns into NaN as soon as it meets a probability of zero or a row without columns.
_NEVER = -1e30


def log_softmax(logits: Float[Tensor, "n m"], keep: Bool[Tensor, "n m"] | None = None) -> Float[Tensor, "n m"]:
    """Log-probabilities over the kept columns; the others get about -1e30, hence probability 0."""
    logits = logits.float()
    if keep is not None:
        logits = logits.masked_fill(~keep, _NEVER)
    return torch.log_softmax(logits, dim=-1)


def cross_entropy(
    logits: Float[Tensor, "n m"], target: Float[Tensor, "n m"], keep: Bool[Tensor, "n m"] | None = None
) -> Float[Tensor, " n"]:
    """-sum_j softmax(target)_j log softmax(logits)_j, one value a row, >= 0."""
    return -(log_softmax(target, keep).exp() * log_softmax(logits, keep)).sum(-1)


def kl_divergence(
    logits: Float[Tensor, "n m"], target: Float[Tensor, "n m"], keep: Bool[Tensor, "n m"] | None = None
) -> Float[Tensor, " n"]:
    """KL(softmax(target) || softmax(logits)), one value a row, >= 0 and 0 where the two agree.

    >>> kl_divergence(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]])).abs() < 1e-6
    tensor([True])
    """
    wanted = log_softmax(target, keep)
    return (wanted.exp() * (wanted - log_softmax(logits, keep))).sum(-1)


def jensen_shannon(
    logits: Float[Tensor, "n m"], target: Float[Tensor, "n m"], keep: Bool[Tensor, "n m"] | None = None
) -> Float[Tensor, " n"]:
    """(KL(p || r) + KL(q || r)) / 2 with r = (p + q) / 2, one value a row, symmetric, in [0, log 2].

    >>> jensen_shannon(torch.tensor([[90.0, 0.0]]), torch.tensor([[0.0, 90.0]]))
    tensor([0.6931])
    """
    first, second = log_softmax(logits, keep), log_softmax(target, keep)
    middle = torch.logaddexp(first, second) - math.log(2)
    return 0.5 * (first.exp() * (first - middle) + second.exp() * (second - middle)).sum(-1)

"""Draws that are a function of given luck."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

_LEAST = 1e-12


def drawn_column(
    logits: Float[Tensor, "n m"], allowed: Bool[Tensor, "n m"], luck: Float[Tensor, "n m"]
) -> Int[Tensor, " n"]:
    """A column of each row, drawn from softmax(logits) over the allowed ones; -1 where a row allows none.

    The column with the largest logit - log(-log luck) is a draw from that softmax (Gumbel 1954).

    Args:
        logits: any.
        allowed: columns that may be drawn.
        luck: even numbers in [0, 1), one a column.

    >>> allowed = torch.tensor([[False, True, True]])
    >>> drawn_column(torch.tensor([[9.0, 0.0, 0.0]]), allowed, torch.tensor([[0.1, 0.2, 0.9]]))
    tensor([2])
    """
    noise = -torch.log(-torch.log(luck.clamp(_LEAST, 1 - 1e-7)))
    best = (logits.float() + noise).masked_fill(~allowed, float("-inf")).argmax(-1)
    return torch.where(allowed.any(-1), best, -1)

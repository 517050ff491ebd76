"""How undecided a distribution is."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from limbeck.functional.divergence import log_softmax


def normalised_entropy(logits: Float[Tensor, "n m"], keep: Bool[Tensor, "n m"] | None = None) -> Float[Tensor, " n"]:
    """-sum_j p_j log p_j / log(columns) of p = softmax(logits) over the kept columns, in [0, 1].

    0 is certain, 1 is uniform; a row with fewer than two columns is certain.

    >>> normalised_entropy(torch.tensor([[0.0, 0.0, 0.0], [60.0, 0.0, 0.0]])).round(decimals=4)
    tensor([1., 0.])
    """
    kept = torch.ones_like(logits, dtype=torch.bool) if keep is None else keep
    logs = log_softmax(logits, kept)
    entropy = -(logs.exp() * logs.masked_fill(~kept, 0.0)).sum(-1)
    columns = kept.sum(-1)
    largest = columns.clamp(min=2).to(entropy.dtype).log()
    return (entropy / largest).clamp(0.0, 1.0).masked_fill(columns < 2, 0.0)

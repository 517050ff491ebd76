"""Which wrong answers are worth a look. `allowed` is True where a column is a wrong answer for a row."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def hardest(scores: Float[Tensor, "n m"], allowed: Bool[Tensor, "n m"]) -> Int[Tensor, " n"]:
    """Column of the largest allowed score in each row, -1 where a row allows none.

    >>> hardest(torch.tensor([[9.0, 1.0, 2.0]]), torch.tensor([[False, True, True]]))
    tensor([2])
    """
    best = scores.float().masked_fill(~allowed, float("-inf")).argmax(-1)
    return torch.where(allowed.any(-1), best, -1)


def top_negatives(scores: Float[Tensor, "n m"], allowed: Bool[Tensor, "n m"], count: int) -> Bool[Tensor, "n m"]:
    """True at the `count` largest allowed scores of each row, at all of them where a row allows fewer."""
    count = min(count, scores.shape[-1])
    open_scores = scores.float().masked_fill(~allowed, float("-inf"))
    chosen = torch.zeros_like(allowed).scatter_(-1, open_scores.topk(count, dim=-1).indices, True)
    return chosen & allowed


def scattered(scores: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
    """Numbers in [0, 1) that follow from the scores but not from their size: a draw that any row order repeats.

    Scores are rounded to four places first: the last bits depend on the size of a micro-batch.
    """
    mixed = torch.sin((scores.double() * 1e4).round() * 12.9898 + 78.233) * 43758.5453
    return (mixed - mixed.floor()).to(torch.float32).clamp(max=1 - 1e-7)

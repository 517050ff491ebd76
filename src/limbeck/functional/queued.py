"""Pairs of a batch with a queue of earlier vectors behind it: columns 0..n-1 are the batch's, the rest the queue's."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from limbeck.functional.contrast import rivals
from limbeck.functional.similarity import pairwise_cosine


def queued_cosine(
    query: Float[Tensor, "n d"], key: Float[Tensor, "n d"], past: Float[Tensor, "m d"] | None
) -> Float[Tensor, "n c"]:
    """Cosine of every query with every key of the batch and of the queue, `c = n + m` of them."""
    return pairwise_cosine(query, key if past is None else torch.cat([key.float(), past.float()]))


def queued_rivals(
    like: Float[Tensor, "n d"],
    mask: Bool[Tensor, " n"] | None,
    group: Int[Tensor, " n"] | None,
    filled: Bool[Tensor, " m"] | None,
    past_group: Int[Tensor, " m"] | None,
) -> Bool[Tensor, "n c"]:
    """True where a column competes in a row: both are there, and they are not two of one group.

    Args:
        like: gives the number of rows and the device.
        mask: rows that count.
        group: of each row; negative means none.
        filled: places of the queue that hold something; None means that there is no queue.
        past_group: of each place; None means none.
    """
    keep = rivals(like, mask, group)
    if filled is None:
        return keep
    behind = filled[None, :].expand(len(keep), -1)
    if mask is not None:
        behind = behind & mask[:, None]
    if group is not None and past_group is not None:
        behind = behind & ~((group[:, None] == past_group[None, :]) & (group >= 0)[:, None])
    return torch.cat([keep, behind], dim=1)

"""Rows that count and rows that do not. A mask is True where a row counts; None means that every row does."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def keep_rows(x: Float[Tensor, "n *rest"], mask: Bool[Tensor, " n"] | None) -> Float[Tensor, "n *rest"]:
    """`x` in fp32 with masked rows set to zero, so that neither their content (NaN too) nor its gradient gets on."""
    x = x.float()
    if mask is None:
        return x
    return x.masked_fill(~mask.reshape(-1, *[1] * (x.ndim - 1)), 0.0)


def keep_losses(loss: Float[Tensor, " n"], mask: Bool[Tensor, " n"] | None) -> Float[Tensor, " n"]:
    """`loss` with exact zeros in masked rows."""
    return loss if mask is None else loss.masked_fill(~mask, 0.0)


def kept_pairs(like: Float[Tensor, "n *rest"], mask: Bool[Tensor, " n"] | None) -> Bool[Tensor, "n n"]:
    """True where both rows of a pair count. `like` gives the number of rows and the device."""
    if mask is None:
        mask = torch.ones(like.shape[0], dtype=torch.bool, device=like.device)
    return mask[:, None] & mask[None, :]


def different(keep: Bool[Tensor, "n n"]) -> Bool[Tensor, "n n"]:
    """`keep` without the pairs of a row with itself."""
    return keep & ~torch.eye(keep.shape[0], dtype=torch.bool, device=keep.device)


def same_group(group: Int[Tensor, " n"]) -> Bool[Tensor, "n n"]:
    """True where two different rows are of one group; a negative number means that a row has no group."""
    return different((group[:, None] == group[None, :]) & (group >= 0)[:, None])


def masked_mean(values: Tensor, keep: Tensor, dim: int | tuple[int, ...]) -> Tensor:
    """Mean of `values` where `keep`, over `dim`; 0 where nothing is kept.

    >>> masked_mean(torch.tensor([1.0, 3.0, 9.0]), torch.tensor([True, True, False]), 0)
    tensor(2.)
    """
    return values.masked_fill(~keep, 0.0).sum(dim) / keep.sum(dim).clamp(min=1)

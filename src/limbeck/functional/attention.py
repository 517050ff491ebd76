"""Attention with its map: which token looked at which."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

_NEVER = -1e30


def attend(
    query: Float[Tensor, "n t d"],
    key: Float[Tensor, "n s d"],
    value: Float[Tensor, "n s d"],
    heads: int,
    mask: Bool[Tensor, "n s"] | None = None,
) -> tuple[Float[Tensor, "n t d"], Float[Tensor, "n t s"]]:
    """softmax(q k^T / sqrt(d / heads)) v in each head, side by side, and the map as the mean over heads.

    Tokens where `mask` is False are not looked at; a row without tokens gives 0 and an empty map.

    >>> one = torch.ones(1, 2, 4)
    >>> [round(x, 2) for x in attend(one, one, one, 2)[1].flatten().tolist()]
    [0.5, 0.5, 0.5, 0.5]
    """
    n, t, d = query.shape
    q, k, v = (x.reshape(n, -1, heads, d // heads).transpose(1, 2) for x in (query, key, value))
    logits = q @ k.transpose(-1, -2) / (d // heads) ** 0.5
    if mask is not None:
        logits = logits.masked_fill(~mask[:, None, None, :], _NEVER)
    weights = torch.softmax(logits, dim=-1)
    if mask is not None:
        weights = weights.masked_fill(~mask[:, None, None, :], 0.0)
    mixed = (weights @ v).transpose(1, 2).reshape(n, t, d)
    return mixed, weights.mean(1)

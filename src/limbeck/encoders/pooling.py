"""Ways to turn token vectors into one vector a row: `(tokens (n, t, d), mask (n, t) | None, model's own | None)`."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from limbeck.core.errors import UsageError

Pooling = Callable[[Tensor, Tensor | None, Tensor | None], Tensor]


def model_pooling(
    tokens: Float[Tensor, "n t d"], mask: Bool[Tensor, "n t"] | None, own: Tensor | None
) -> Float[Tensor, "n e"]:
    """What the model itself calls `pooler_output`, flattened."""
    if own is None:
        raise UsageError("the model has no pooled output of its own; use mean or cls pooling")
    return own.flatten(1)


def cls_pooling(
    tokens: Float[Tensor, "n t d"], mask: Bool[Tensor, "n t"] | None, own: Tensor | None
) -> Float[Tensor, "n d"]:
    """The first token."""
    return tokens[:, 0]


def mean_pooling(
    tokens: Float[Tensor, "n t d"], mask: Bool[Tensor, "n t"] | None, own: Tensor | None
) -> Float[Tensor, "n d"]:
    """The mean over real tokens."""
    if mask is None:
        return tokens.mean(1)
    keep = mask.unsqueeze(-1).to(tokens.dtype)
    return (tokens * keep).sum(1) / keep.sum(1).clamp_min(1e-9)


def max_pooling(
    tokens: Float[Tensor, "n t d"], mask: Bool[Tensor, "n t"] | None, own: Tensor | None
) -> Float[Tensor, "n d"]:
    """The largest value of each channel over real tokens."""
    if mask is not None:
        tokens = tokens.masked_fill(~mask.unsqueeze(-1), torch.finfo(tokens.dtype).min)
    return tokens.amax(1)

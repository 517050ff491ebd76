"""`MeanTokens`: one vector a row, the mean of its tokens."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class MeanTokens(nn.Module):
    """pooled = mean over real tokens of x_t, from token `skip` on

    Use when a network was taught by its tokens and its own pooled vector (a class token, a pooler) was left alone.

    Args:
        skip: tokens in front that are left out (1: a class token), >= 0.

    Source: global average pooling, Lin et al. 2013, arXiv 1312.4400.

    >>> MeanTokens(1)(tokens=torch.tensor([[[9.0], [1.0], [3.0]]]))
    tensor([[2.]])
    """

    def __init__(self, skip: int = 0) -> None:
        super().__init__()
        self.skip = skip

    def forward(
        self, *, tokens: Float[Tensor, "n t d"], mask: Bool[Tensor, "n t"] | None = None
    ) -> Float[Tensor, "n d"]:
        """`(n, d)`; 0 where no token is real.

        Args:
            tokens: of one tower.
            mask: tokens that are real; None means all.
        """
        kept = tokens.new_ones(tokens.shape[:2]) if mask is None else mask.to(tokens.dtype)
        kept = torch.where(torch.arange(tokens.shape[1], device=tokens.device) < self.skip, 0.0, kept)
        return (tokens * kept[..., None]).sum(1) / kept.sum(1, keepdim=True).clamp(min=1.0)

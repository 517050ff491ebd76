"""`CoAttentionFuser`: words read the picture while patches read the words."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from limbeck.functional.rows import masked_mean
from limbeck.layers.attention.cross_block import CrossBlock


class CoAttentionFuser(nn.Module):
    """Two streams that ask each other in every block.

    x_l = block_l(x_{l-1}, y_{l-1}),  y_l = block'_l(y_{l-1}, x_{l-1}),  pooled = W [mean x_L ; mean y_L]

    Use when a fusion encoder is the teacher: it says both which patch a word is about and which word a patch is about.

    Args:
        width: inside.
        query_width: of the first stream's tokens (words).
        key_width: of the second stream's tokens (patches).
        heads: attention heads; they divide the width.
        depth: number of blocks a stream.

    Source: the co-attention of METER, Dou et al. 2021, arXiv 2111.02387.

    Differs from the paper: pooled by means instead of class tokens.
    """

    outputs = ("pooled", "tokens", "attention", "attention_back")

    def __init__(self, width: int, *, query_width: int, key_width: int, heads: int = 4, depth: int = 2) -> None:
        super().__init__()
        self.width = width
        self.query_width = query_width
        self.key_width = key_width
        self.heads = heads
        self.depth = depth
        self.query_into = nn.Linear(query_width, width)
        self.key_into = nn.Linear(key_width, width)
        self.query_blocks = nn.ModuleList([CrossBlock(width, heads=heads) for _ in range(depth)])
        self.key_blocks = nn.ModuleList([CrossBlock(width, heads=heads) for _ in range(depth)])
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.out = nn.Linear(2 * width, width)

    def forward(
        self,
        *,
        query: Float[Tensor, "n t query_width"],
        key: Float[Tensor, "n s key_width"],
        query_mask: Bool[Tensor, "n t"] | None = None,
        key_mask: Bool[Tensor, "n s"] | None = None,
    ) -> dict[str, Tensor]:
        """Fuse row i of one with row i of the other.

        Args:
            query: tokens of the first stream.
            key: tokens of the second stream.
            query_mask: tokens of `query` that are real; None means all.
            key_mask: tokens of `key` that are real; None means all.

        Returns:
            `pooled` `(n, width)`; `tokens` `(n, t, width)` of the first stream; `attention` `(n, t, s)` and
            `attention_back` `(n, s, t)` of the last block.
        """
        one, two = self.query_into(query), self.key_into(key)
        for forth, back in zip(self.query_blocks, self.key_blocks, strict=True):
            asked = forth(query=one, key=two, query_mask=query_mask, key_mask=key_mask)
            answered = back(query=two, key=one, query_mask=key_mask, key_mask=query_mask)
            one, two = asked["tokens"], answered["tokens"]
        one, two = self.norms[0](one), self.norms[1](two)
        pooled = self.out(torch.cat([_mean(one, query_mask), _mean(two, key_mask)], dim=-1))
        return {
            "pooled": pooled,
            "tokens": one,
            "attention": asked["attention"],
            "attention_back": answered["attention"],
        }


def _mean(tokens: Tensor, mask: Tensor | None) -> Tensor:
    return tokens.mean(1) if mask is None else masked_mean(tokens, mask[..., None].expand_as(tokens), 1)

"""`CrossAttentionFuser`: words read a picture."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn

from limbeck.functional.rows import masked_mean
from limbeck.layers.attention.cross_block import CrossBlock


class CrossAttentionFuser(nn.Module):
    """One token set asks another one, block after block.

    x_0 = W q,  x_l = block_l(x_{l-1}, V k),  pooled = mean over real tokens of norm(x_L)

    Use when a pair has to be read together: matching, masked words. It is dear: nothing of a pair can be computed
    before both sides are known.

    Args:
        width: inside.
        query_width: of the tokens that ask (words).
        key_width: of the tokens that answer (patches).
        heads: attention heads; they divide the width.
        depth: number of blocks.

    Source: the multimodal encoder of ALBEF, Li et al. 2021, arXiv 2107.07651.

    Differs from the paper: pooled by the mean instead of [CLS]; the blocks are new ones, not BERT's upper half.
    """

    outputs = ("pooled", "tokens", "attention")

    def __init__(self, width: int, *, query_width: int, key_width: int, heads: int = 4, depth: int = 2) -> None:
        super().__init__()
        self.width = width
        self.query_width = query_width
        self.key_width = key_width
        self.heads = heads
        self.depth = depth
        self.query_into = nn.Linear(query_width, width)
        self.key_into = nn.Linear(key_width, width)
        self.blocks = nn.ModuleList([CrossBlock(width, heads=heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width)

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
            query: tokens that ask.
            key: tokens that answer.
            query_mask: tokens of `query` that are real; None means all.
            key_mask: tokens of `key` that are real; None means all.

        Returns:
            `pooled` `(n, width)`; `tokens` `(n, t, width)`; `attention` `(n, t, s)` of the last block.
        """
        tokens, other, seen = self.query_into(query), self.key_into(key), None
        for block in self.blocks:
            found = block(query=tokens, key=other, query_mask=query_mask, key_mask=key_mask)
            tokens, seen = found["tokens"], found["attention"]
        tokens = self.norm(tokens)
        kept = tokens.new_ones(tokens.shape[:2]).bool() if query_mask is None else query_mask
        pooled = masked_mean(tokens, kept[..., None].expand_as(tokens), 1)
        return {"pooled": pooled, "tokens": tokens, "attention": seen}

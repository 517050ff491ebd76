"""`CrossBlock`: tokens look at each other, then at the tokens of another modality."""

from __future__ import annotations

from jaxtyping import Bool, Float
from torch import Tensor, nn

from limbeck.core.errors import UsageError
from limbeck.functional.attention import attend


class CrossBlock(nn.Module):
    """A transformer block with cross-attention, normalised before each step.

    x <- x + self(norm x),  x <- x + cross(norm x, norm other),  x <- x + W2 gelu(W1 norm x)

    Use when tokens of one modality have to ask those of another one.

    Args:
        width: of both token sets.
        heads: attention heads; they divide the width.
        feed_forward: width of the middle layer as a multiple of `width`.

    Raises:
        UsageError: the heads do not divide the width.

    Source: the decoder block of Vaswani et al. 2017, arXiv 1706.03762; for pictures ALBEF, Li et al. 2021,
    arXiv 2107.07651.

    Differs from the paper: norms come first (Xiong et al. 2020, arXiv 2002.04745); no dropout.
    """

    def __init__(self, width: int, *, heads: int = 4, feed_forward: int = 2) -> None:
        super().__init__()
        if width % heads:
            raise UsageError(f"{heads} heads do not divide a width of {width}; choose a divisor")
        self.width = width
        self.heads = heads
        self.feed_forward = feed_forward
        self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in range(4)])
        self.own = nn.Linear(width, 3 * width)
        self.own_out = nn.Linear(width, width)
        self.ask = nn.Linear(width, width)
        self.answer = nn.Linear(width, 2 * width)
        self.cross_out = nn.Linear(width, width)
        self.into = nn.Linear(width, feed_forward * width)
        self.out = nn.Linear(feed_forward * width, width)

    def forward(
        self,
        *,
        query: Float[Tensor, "n t width"],
        key: Float[Tensor, "n s width"],
        query_mask: Bool[Tensor, "n t"] | None = None,
        key_mask: Bool[Tensor, "n s"] | None = None,
    ) -> dict[str, Tensor]:
        """One round of looking.

        Args:
            query: tokens that ask.
            key: tokens of the other modality that answer; they stay as they are.
            query_mask: tokens of `query` that are real; None means all.
            key_mask: tokens of `key` that are real; None means all.

        Returns:
            `tokens` `(n, t, width)`; `attention` `(n, t, s)`, mean over heads, each row sums to 1.
        """
        q, k, v = self.own(self.norms[0](query)).chunk(3, dim=-1)
        query = query + self.own_out(attend(q, k, v, self.heads, query_mask)[0])
        k, v = self.answer(self.norms[2](key)).chunk(2, dim=-1)
        mixed, seen = attend(self.ask(self.norms[1](query)), k, v, self.heads, key_mask)
        query = query + self.cross_out(mixed)
        query = query + self.out(nn.functional.gelu(self.into(self.norms[3](query))))
        return {"tokens": query, "attention": seen}

"""`CrossAttentionProjector`: any network's features as tokens of the teacher's kind."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class CrossAttentionProjector(nn.Module):
    """Trainable queries, one for each teacher token, gather what they need from the student's tokens.

    k = v = norm(x W_in + p),  z = q + MHA(norm(q), k, v),  y = W_out (z + MLP(norm(z)))

    Use when student and teacher compute features differently (convolutions, mixers, attention) or on grids of different
    size: every teacher token may look at the whole student map. Thrown away after training.

    Args:
        in_width: width of the student's tokens.
        tokens: number of student tokens; each gets a learned position.
        queries: number of teacher tokens.
        width: of the teacher's tokens.
        inner: width in between, a multiple of `heads`.
        heads: attention heads.

    Source: ScaleKD, Fan et al. 2024, arXiv 2411.06786.

    Differs from the paper: one projector width for all pairs of networks; the windowed variant for large maps is left
    out.
    """

    def __init__(
        self, in_width: int, *, tokens: int, queries: int, width: int, inner: int = 128, heads: int = 4
    ) -> None:
        super().__init__()
        self.in_width = in_width
        self.tokens = tokens
        self.queries = queries
        self.width = width
        self.inner = inner
        self.heads = heads
        self.into = nn.Linear(in_width, inner)
        self.position = nn.Parameter(0.02 * torch.randn(tokens, inner))
        self.query = nn.Parameter(0.02 * torch.randn(queries, inner))
        self.key_norm, self.query_norm, self.norm = nn.LayerNorm(inner), nn.LayerNorm(inner), nn.LayerNorm(inner)
        self.attention = nn.MultiheadAttention(inner, heads, batch_first=True)
        self.mix = nn.Sequential(nn.Linear(inner, 2 * inner), nn.GELU(), nn.Linear(2 * inner, inner))
        self.out = nn.Linear(inner, width)

    def forward(self, *, student: Float[Tensor, "n tokens in_width"]) -> dict[str, Float[Tensor, "n queries width"]]:
        """`tokens (n, queries, width)` for `student (n, tokens, in_width)`."""
        seen = self.key_norm(self.into(student) + self.position)
        asked = self.query.expand(len(student), -1, -1)
        found = asked + self.attention(self.query_norm(asked), seen, seen, need_weights=False)[0]
        return {"tokens": self.out(found + self.mix(self.norm(found)))}

"""`MaskedTokenDecoder`: a guess at all tokens of a picture from those that were seen."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class MaskedTokenDecoder(nn.Module):
    """Seen tokens at their places, one learned token everywhere else, a transformer layer over all of them.

    y = W_out block( scatter(W_in x, place; mask token) + position )

    Use when a masked student is trained by reconstruction; the decoder is thrown away. What MaskAlign does without.

    Args:
        in_width: width of the seen tokens.
        tokens: number of places.
        width: of what is reconstructed.
        inner: width of the block, a multiple of 4.

    Source: MAE, He et al. 2021, arXiv 2111.06377; of a teacher's features, Wei et al. 2022 (MVP), arXiv 2203.05175.
    """

    outputs = ("tokens",)

    def __init__(self, in_width: int, *, tokens: int, width: int, inner: int = 64) -> None:
        super().__init__()
        self.in_width = in_width
        self.tokens = tokens
        self.width = width
        self.inner = inner
        self.into = nn.Linear(in_width, inner)
        self.mask = nn.Parameter(0.02 * torch.randn(inner))
        self.position = nn.Parameter(0.02 * torch.randn(tokens, inner))
        self.block = nn.TransformerEncoderLayer(
            inner, 4, 2 * inner, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.out = nn.Linear(inner, width)

    def forward(
        self, *, seen: Float[Tensor, "n k in_width"], place: Int[Tensor, "n k"]
    ) -> dict[str, Float[Tensor, "n tokens width"]]:
        """`tokens (n, tokens, width)`.

        Args:
            seen: tokens of the student.
            place: where each of them stands, below `tokens`.
        """
        grid = self.mask.expand(len(seen), self.tokens, -1)
        grid = grid.scatter(1, place[:, :, None].expand(-1, -1, self.inner), self.into(seen))
        return {"tokens": self.out(self.block(grid + self.position))}

"""`PickTokens`: the tokens of some places."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor, nn


class PickTokens(nn.Module):
    """y_ij = x_i[place_ij]

    Use when one network saw some patches only and another's tokens are wanted at the same places.

    Args:
        grid: side of the square grid that `place` counts on; 0 where the tokens lie on the same one. A coarser or finer
            square map of tokens is read at the nearest place.

    Source: own.
    """

    outputs = ("tokens",)

    def __init__(self, grid: int = 0) -> None:
        super().__init__()
        self.grid = grid

    def forward(self, *, tokens: Float[Tensor, "n t d"], place: Int[Tensor, "n k"]) -> dict[str, Tensor]:
        """`tokens (n, k, d)`.

        Args:
            tokens: `(n, t, d)`.
            place: rows of `grid * grid` places, counted line by line.
        """
        if self.grid and tokens.shape[1] != self.grid**2:
            side = round(tokens.shape[1] ** 0.5)
            row, column = place // self.grid, place % self.grid
            # The middle of the one cell, as a cell of the other grid.
            place = ((2 * row + 1) * side // (2 * self.grid)) * side + (2 * column + 1) * side // (2 * self.grid)
        return {"tokens": tokens.gather(1, place[:, :, None].expand(-1, -1, tokens.shape[2]))}

"""`DynamicAlignment`: several levels of a student, mixed and mapped to several levels of a teacher."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class DynamicAlignment(nn.Module):
    """Each teacher level is met by its own learned mixture of student levels, and a linear map.

    y_j = A_j sum_i W_ji s_i,  W starts at 1 / levels everywhere

    Use when it is not known which level of a student corresponds to which of its teacher; W says it after training.
    Thrown away after training.

    Args:
        in_width: width of the student's tokens, on every level.
        levels: number of student levels.
        widths: width of each teacher level, in order.

    Attributes:
        outputs: `level.0` ... `level.M`, each `(n, t, widths[j])`.

    Source: MaskAlign, Xue et al. 2022, arXiv 2211.08887.

    Differs from the paper: teacher levels may have widths of their own (a convolutional teacher).
    """

    def __init__(self, in_width: int, *, levels: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.in_width = in_width
        self.levels = levels
        self.widths = tuple(widths)
        self.mixture = nn.Parameter(torch.full((len(self.widths), levels), 1.0 / levels))
        self.adaptors = nn.ModuleList(nn.Linear(in_width, width) for width in self.widths)

    def forward(
        self,
        *,
        first: Float[Tensor, "n t in_width"],
        second: Float[Tensor, "n t in_width"] | None = None,
        third: Float[Tensor, "n t in_width"] | None = None,
        fourth: Float[Tensor, "n t in_width"] | None = None,
    ) -> dict[str, Tensor]:
        """`level.j` for up to four student levels, from the input to the output side.

        Raises:
            ValueError: another number of levels than the layer was made for.
        """
        given = [level for level in (first, second, third, fourth) if level is not None]
        if len(given) != self.levels:
            raise ValueError(f"DynamicAlignment was given {len(given)} student levels; it was made for {self.levels}")
        stacked = torch.stack(given)
        mixed = torch.einsum("ji,intd->jntd", self.mixture, stacked)
        return {
            f"level.{j}": adaptor(level) for j, (adaptor, level) in enumerate(zip(self.adaptors, mixed, strict=True))
        }

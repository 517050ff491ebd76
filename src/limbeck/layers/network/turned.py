"""`TurnedPictures`: pictures turned about their middle, as a layer."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn


class TurnedPictures(nn.Module):
    """Turns every picture; what comes in from outside is the value at the edge.

    Use when a network inside a recipe shall be trained in another domain than the rows of the recipe are in.

    Args:
        degrees: against the clock.

    Source: rotation as a domain, Ghifary et al. 2015, arXiv 1508.07680 (rotated MNIST).

    Differs from the paper: bilinear, edge values outside.
    """

    def __init__(self, degrees: float) -> None:
        super().__init__()
        self.degrees = degrees

    def forward(self, *, pixels: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """The turned pictures."""
        angle = math.radians(self.degrees)
        cos, sin = math.cos(angle), math.sin(angle)
        ratio = pixels.shape[-1] / pixels.shape[-2]
        # where each pixel comes from: the inverse turn; y points down
        matrix = pixels.new_tensor([[cos, -sin / ratio, 0.0], [sin * ratio, cos, 0.0]])
        grid = nn.functional.affine_grid(
            matrix.expand(len(pixels), 2, 3), [len(pixels), 1, *pixels.shape[-2:]], align_corners=False
        )
        return torch.nn.functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)

"""`RandomShift`: the whole step a few pixels aside."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import pad

from limbeck.core.augmentation import Jitter
from limbeck.core.errors import UsageError


class RandomShift(Jitter):
    """Every picture of a step moves by the same few pixels; what comes in from outside repeats the border.

        output[y, x] = input[clip(y - dy), clip(x - dx)],  dy, dx uniform in {-pixels, ..., pixels}

    Use when a student trains for many epochs on few stored draws. One shift for all rows costs one copy of the batch.

    Args:
        pixels: largest shift either way, of the student's own picture; at least 1.

    Raises:
        UsageError: `pixels` below 1.

    Source: the random crop after padding of He et al. 2016 (arXiv 1512.03385), drawn by step instead of by picture.
    """

    modality = "image"

    def __init__(self, pixels: int = 3) -> None:
        if pixels < 1:
            raise UsageError(f"RandomShift moves by at least 1 pixel, got pixels={pixels}")
        self.pixels = pixels

    def __call__(self, view: Mapping[str, Tensor], generator: torch.Generator) -> Mapping[str, Tensor]:
        """`pixel_values (n, c, height, width)`, moved."""
        pictures, margin = view["pixel_values"], self.pixels
        height, width = pictures.shape[-2:]
        down, right = torch.randint(2 * margin + 1, (2,), generator=generator).tolist()
        wider = pad(pictures, (margin,) * 4, mode="replicate")
        top, left = 2 * margin - down, 2 * margin - right
        return {**view, "pixel_values": wider[..., top : top + height, left : left + width]}

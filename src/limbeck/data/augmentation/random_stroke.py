"""`RandomStroke`: lines a pixel thicker or thinner."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from limbeck.core.augmentation import Augmentation
from limbeck.core.errors import UsageError


class RandomStroke(Augmentation):
    """Dark strokes grow (minimum filter) or shrink (maximum filter), each with probability `chance / 2`.

    Use when pictures are drawings whose line weight is a matter of style (icons, sketches, handwriting).

    Args:
        chance: of any change, 0 to 1.
        size: side of the filter in pixels, odd, at least 3.
    """

    modality = "image"

    def __init__(self, *, chance: float = 0.4, size: int = 3) -> None:
        if not 0 <= chance <= 1 or size < 3 or size % 2 == 0:
            raise UsageError(f"RandomStroke needs a chance from 0 to 1 and an odd size from 3, got {chance}, {size}")
        self.chance = chance
        self.size = size

    def __call__(self, value: object, generator: np.random.Generator) -> Image.Image:
        """The picture with heavier, lighter or unchanged strokes."""
        if not isinstance(value, Image.Image):
            raise TypeError(f"RandomStroke takes a picture, not {type(value).__name__}")
        draw = generator.random()
        if draw < self.chance / 2:
            return value.filter(ImageFilter.MinFilter(self.size))
        return value.filter(ImageFilter.MaxFilter(self.size)) if draw < self.chance else value

"""`HorizontalFlip`: mirrored left to right, sometimes."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

from limbeck.core.augmentation import Augmentation
from limbeck.core.errors import UsageError


class HorizontalFlip(Augmentation):
    """Mirrors the picture with probability `chance`.

    Use when left and right do not matter; captions that say "left" or pictures of text forbid it.

    Args:
        chance: 0 to 1.
    """

    modality = "image"
    magnifies = 1.0

    def __init__(self, *, chance: float = 0.5) -> None:
        if not 0 <= chance <= 1:
            raise UsageError(f"HorizontalFlip needs a chance from 0 to 1, got {chance}")
        self.chance = chance

    def __call__(self, value: object, generator: np.random.Generator) -> Image.Image:
        """The picture or its mirror image."""
        if not isinstance(value, Image.Image):
            raise TypeError(f"HorizontalFlip takes a picture, not {type(value).__name__}")
        return ImageOps.mirror(value) if generator.random() < self.chance else value

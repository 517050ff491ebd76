"""`Invert`: a negative, sometimes."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageOps

from limbeck.core.augmentation import Augmentation
from limbeck.core.errors import UsageError


class Invert(Augmentation):
    """Turns the picture into its negative with probability `chance`.

    Use when light on dark means what dark on light does (icons, diagrams).

    Args:
        chance: 0 to 1.
    """

    modality = "image"
    magnifies = 1.0

    def __init__(self, *, chance: float = 0.5) -> None:
        if not 0 <= chance <= 1:
            raise UsageError(f"Invert needs a chance from 0 to 1, got {chance}")
        self.chance = chance

    def __call__(self, value: object, generator: np.random.Generator) -> Image.Image:
        """The picture or its negative."""
        if not isinstance(value, Image.Image):
            raise TypeError(f"Invert takes a picture, not {type(value).__name__}")
        return ImageOps.invert(value) if generator.random() < self.chance else value

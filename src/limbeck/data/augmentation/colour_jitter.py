"""`ColourJitter`: brightness, contrast and saturation."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageEnhance

from limbeck.core.augmentation import Augmentation
from limbeck.core.errors import UsageError


class ColourJitter(Augmentation):
    """Multiplies brightness, contrast and saturation by factors drawn from [1 - x, 1 + x].

    Use when light and colour vary without meaning.

    Args:
        brightness: 0 to 1.
        contrast: 0 to 1.
        saturation: 0 to 1.
    """

    modality = "image"
    magnifies = 1.0

    def __init__(self, *, brightness: float = 0.2, contrast: float = 0.2, saturation: float = 0.2) -> None:
        if not all(0 <= value <= 1 for value in (brightness, contrast, saturation)):
            raise UsageError(f"ColourJitter needs values from 0 to 1, got {brightness}, {contrast}, {saturation}")
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation

    def __call__(self, value: object, generator: np.random.Generator) -> Image.Image:
        """The picture in other light."""
        if not isinstance(value, Image.Image):
            raise TypeError(f"ColourJitter takes a picture, not {type(value).__name__}")
        factors = [1 + generator.uniform(-x, x) for x in (self.brightness, self.contrast, self.saturation)]
        image = ImageEnhance.Brightness(value).enhance(factors[0])
        image = ImageEnhance.Contrast(image).enhance(factors[1])
        return ImageEnhance.Color(image).enhance(factors[2])

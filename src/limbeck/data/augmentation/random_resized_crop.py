"""`RandomResizedCrop`: a random part of the picture at its full size."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from limbeck.core.augmentation import Augmentation
from limbeck.core.errors import UsageError


class RandomResizedCrop(Augmentation):
    """A rectangle of random area and shape, resized to the size of the picture.

    Use when any large part of a picture means what the whole does (photographs).

    Args:
        area: smallest and largest share of the picture, 0 to 1.
        ratio: smallest and largest width / height of the rectangle, relative to the picture's own.

    Source:
        Szegedy et al. 2014, arXiv 1409.4842 (section 6).
    """

    modality = "image"

    def __init__(self, *, area: tuple[float, float] = (0.5, 1.0), ratio: tuple[float, float] = (0.75, 4 / 3)) -> None:
        if not 0 < area[0] <= area[1] <= 1 or not 0 < ratio[0] <= ratio[1]:
            raise UsageError(f"RandomResizedCrop needs 0 < smallest <= largest (area <= 1), got {area} and {ratio}")
        self.area = (area[0], area[1])
        self.ratio = (ratio[0], ratio[1])
        self.magnifies = 1 / min(1.0, math.sqrt(area[0] * ratio[0]), math.sqrt(area[0] / ratio[1]))

    def __call__(self, value: object, generator: np.random.Generator) -> Image.Image:
        """The resized part, of the same size as the picture."""
        if not isinstance(value, Image.Image):
            raise TypeError(f"RandomResizedCrop takes a picture, not {type(value).__name__}")
        area = generator.uniform(*self.area)
        ratio = math.exp(generator.uniform(math.log(self.ratio[0]), math.log(self.ratio[1])))
        wide = min(1.0, math.sqrt(area * ratio)) * value.width
        high = min(1.0, math.sqrt(area / ratio)) * value.height
        left = generator.uniform(0, value.width - wide)
        top = generator.uniform(0, value.height - high)
        box = (left, top, min(left + wide, value.width), min(top + high, value.height))
        return value.resize(value.size, resample=Image.Resampling.BILINEAR, box=box)

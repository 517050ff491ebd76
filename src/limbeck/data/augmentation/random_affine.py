"""`RandomAffine`: shift, scale, rotation and shear in one resampling."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from limbeck.core.augmentation import Augmentation
from limbeck.core.errors import UsageError


class RandomAffine(Augmentation):
    """A random similarity with a little shear; what comes in from outside is `fill`.

        output(p) = input(c + A (p - c - t)),  A = inverse of rotation x shear x scale

    Use when the subject may sit, lean or be sized differently without meaning something else (icons, products).

    Args:
        degrees: largest rotation either way, in degrees, 0 to 180.
        scale: smallest and largest size of the subject, 1 = as it is.
        aspect: smallest and largest ratio of the vertical to the horizontal scale.
        shift: largest shift either way, as a share of the side, 0 to 1.
        shear: largest shear either way, as a tangent.
        fill: grey value of what comes in from outside, 0 to 255.
    """

    modality = "image"

    def __init__(
        self,
        *,
        degrees: float = 15.0,
        scale: tuple[float, float] = (0.75, 1.1),
        aspect: tuple[float, float] = (0.9, 1.1),
        shift: float = 0.1,
        shear: float = 0.1,
        fill: int = 255,
    ) -> None:
        if not 0 < scale[0] <= scale[1] or not 0 < aspect[0] <= aspect[1]:
            raise UsageError(f"RandomAffine needs 0 < smallest <= largest, got scale={scale}, aspect={aspect}")
        if not 0 <= shift <= 1 or not 0 <= degrees <= 180 or shear < 0 or not 0 <= fill <= 255:
            raise UsageError(f"RandomAffine got shift={shift}, degrees={degrees}, shear={shear}, fill={fill}")
        self.degrees = degrees
        self.scale = (scale[0], scale[1])
        self.aspect = (aspect[0], aspect[1])
        self.shift = shift
        self.shear = shear
        self.fill = fill
        self.magnifies = scale[1] * max(1.0, aspect[1]) * (1 + shear)

    def __call__(self, value: object, generator: np.random.Generator) -> Image.Image:
        """The moved picture, of the same size."""
        if not isinstance(value, Image.Image):
            raise TypeError(f"RandomAffine takes a picture, not {type(value).__name__}")
        angle = math.radians(generator.uniform(-self.degrees, self.degrees))
        wide = generator.uniform(*self.scale)
        high = wide * generator.uniform(*self.aspect)
        shear = generator.uniform(-self.shear, self.shear)
        across, down = (generator.uniform(-self.shift, self.shift) * side for side in value.size)
        cosine, sine = math.cos(angle), math.sin(angle)
        # Pillow wants the map from output to input: the inverse of (rotate . shear . scale), about the centre.
        a, b = cosine / wide, sine / wide
        c, d = -sine / high, cosine / high
        a, b = a - shear * c, b - shear * d
        middle_x, middle_y = value.width / 2, value.height / 2
        x, y = middle_x + across, middle_y + down
        matrix = (a, b, middle_x - a * x - b * y, c, d, middle_y - c * x - d * y)
        return value.transform(
            value.size,
            Image.Transform.AFFINE,
            matrix,
            resample=Image.Resampling.BILINEAR,
            fillcolor=(self.fill, self.fill, self.fill),
        )

"""`RotateSource`: test pictures turned; the option `rotate`."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from limbeck.core.artefact import sha256_bytes
from limbeck.core.errors import UsageError
from limbeck.core.sample import Sample
from limbeck.core.source import Source
from limbeck.data.images import decode_image, encode_ppm
from limbeck.data.varied import VariedSource


class RotateSource(VariedSource):
    """Every test picture is turned about its middle; the corners take the colour of the first pixel.

    Use when a domain shift is wanted for data that has no domains.

    Args:
        source: what is varied.
        rotate: degrees against the clock, -180 to 180.
    """

    def __init__(self, source: Source, *, rotate: float) -> None:
        if not -180 <= rotate <= 180:
            raise UsageError(f"rotate is an angle between -180 and 180 degrees, got {rotate}")
        super().__init__(source)
        self.rotate = rotate

    def sample(self, index: int) -> Sample:
        """Row `index`, turned where it is a test row with a picture."""
        sample = self.source.sample(index)
        if sample.split != "test" or "image" not in sample.values:
            return sample
        image = decode_image(sample.values["image"])
        turned = image.rotate(self.rotate, resample=Image.Resampling.BILINEAR, fillcolor=image.getpixel((0, 0)))
        return replace(sample, values={**sample.values, "image": encode_ppm(turned)})

    def content(self, index: int, modality: str) -> str:
        """SHA-256 of the raw value."""
        value = self.sample(index).values.get(modality) if modality == "image" else None
        return sha256_bytes(value) if isinstance(value, bytes) else self.source.content(index, modality)

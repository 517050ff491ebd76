"""`ImageView`: a picture as one image tower eats it, bit for bit what the exported processor will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from math import ceil

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from limbeck.core.artefact import sha256_json
from limbeck.core.errors import UsageError, unknown
from limbeck.core.spec import ImageSpec
from limbeck.core.view import View
from limbeck.data.images import MAX_PIXELS, decode_image

_VERSION = 1
_FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


class ImageView(View):
    """Decode, resize, crop to `uint8`; normalise in `collate`: `(x / 255 - mean) / std` in float32.

    Use when an image tower needs batches. `prepare` is worth keeping (12 KB at 64 px); `collate` is cheap. Both
    together give exactly the floats of the PIL image processors of transformers 5 (resize on uint8, rescale in
    float64 and round to float32, subtract and divide in float32), so that training sees what the exported folder does.

    Args:
        spec: size, normalisation, filter and crop of the tower.

    Raises:
        UsageError: an unknown filter, a size below 1, or a deviation of 0.
    """

    modality = "image"

    def __init__(self, spec: ImageSpec) -> None:
        if spec.resample not in _FILTERS:
            raise UsageError(unknown("resample filter", spec.resample, _FILTERS))
        if min(spec.height, spec.width) < 1 or (spec.shortest_edge is not None and spec.shortest_edge < 1):
            raise UsageError(f"an image view needs a size of at least 1 pixel, got {spec.height}x{spec.width}")
        if len(spec.mean) != 3 or len(spec.std) != 3 or not all(value > 0 for value in spec.std):
            raise UsageError(f"an image view needs 3 means and 3 positive deviations, got {spec.mean} and {spec.std}")
        self.spec = spec
        # Without a filter, pixels are picked: which ones depends on the size.
        self.side = None if spec.resample == "nearest" else max(spec.height, spec.width, spec.shortest_edge or 0)
        self._mean = torch.tensor(spec.mean, dtype=torch.float32)[:, None, None]
        self._std = torch.tensor(spec.std, dtype=torch.float32)[:, None, None]

    def prepare(self, value: object) -> Mapping[str, Tensor]:
        """`{"pixels": uint8 (3, height, width)}` of encoded bytes or a picture."""
        image = self._sized(decode_image(value))
        array = np.frombuffer(image.tobytes(), dtype=np.uint8).reshape(image.height, image.width, 3)
        # NumPy makes the copy: beside freshly decoded pictures torch's own takes several times as long.
        return {"pixels": torch.from_numpy(array.transpose(2, 0, 1).copy())}

    def collate(self, rows: Sequence[Mapping[str, Tensor] | None]) -> Mapping[str, Tensor]:
        """`{"pixel_values": float32 (n, 3, height, width)}`; absent rows are zeros."""
        present = [number for number, row in enumerate(rows) if row is not None]
        out = self._room(len(rows), zeros=len(present) < len(rows))
        if not present:
            return {"pixel_values": out}
        pixels = torch.stack([row["pixels"] for row in rows if row is not None])
        together = present[-1] - present[0] + 1 == len(present)
        values = out[present[0] : present[-1] + 1] if together else self._room(len(present), zeros=False)
        # x / 255 equals transformers' float32(float64(x) * (1 / 255)) for all 256 values (tested).
        values.copy_(pixels).div_(255).sub_(self._mean).div_(self._std)
        if not together:
            out[torch.tensor(present)] = values
        return {"pixel_values": out}

    def _room(self, rows: int, *, zeros: bool) -> Tensor:
        """Pixels of so many rows, to be written to; zeros come from calloc, whose pages often need no work."""
        height, width = self.spec.height, self.spec.width
        make = np.zeros if zeros else np.empty
        if self.spec.channels_last:
            return torch.from_numpy(make((rows, height, width, 3), dtype=np.float32)).permute(0, 3, 1, 2)
        return torch.from_numpy(make((rows, 3, height, width), dtype=np.float32))

    def fingerprint(self) -> str:
        """Hash of the spec and of this file's preprocessing version. The memory format does not change values."""
        spec = asdict(self.spec)
        spec.pop("channels_last")
        return sha256_json({"view": "image", "version": _VERSION, "spec": spec})

    def _sized(self, image: Image.Image) -> Image.Image:
        spec, filter_ = self.spec, _FILTERS[self.spec.resample]
        if spec.shortest_edge is None:
            return image.resize((spec.width, spec.height), resample=filter_)
        width, height = image.size
        edge = spec.shortest_edge
        short, long = (width, height) if width <= height else (height, width)
        stretched = int(edge * long / short)
        size = (edge, stretched) if width <= height else (stretched, edge)
        if size[0] * size[1] > MAX_PIXELS:
            return self._sliver(image, size)
        return _centre(image.resize(size, resample=filter_), spec.width, spec.height)

    def _sliver(self, image: Image.Image, size: tuple[int, int]) -> Image.Image:
        """A picture so long that resizing all of it would fill the memory: only the part that the crop keeps."""
        width, height = image.size
        keep = (min(size[0], self.spec.width), min(size[1], self.spec.height))
        left, top = (size[0] - keep[0]) // 2, (size[1] - keep[1]) // 2
        across, down = width / size[0], height / size[1]
        box = (left * across, top * down, (left + keep[0]) * across, (top + keep[1]) * down)
        part = image.resize(keep, resample=_FILTERS[self.spec.resample], box=box)
        return _centre(part, self.spec.width, self.spec.height)


def _centre(image: Image.Image, width: int, height: int) -> Image.Image:
    """The middle `width` x `height`; a smaller picture is padded with black, rounding as transformers does."""
    if image.size == (width, height):
        return image
    left = _offset(image.width, width)
    top = _offset(image.height, height)
    if left >= 0 and top >= 0:
        return image.crop((left, top, left + width, top + height))
    out = Image.new("RGB", (width, height))
    out.paste(image, (-left, -top))
    return out


def _offset(have: int, want: int) -> int:
    """Where the crop starts in the picture; negative where black is added."""
    start = (have - want) // 2
    if start >= 0:
        return start
    return -ceil((want - have) / 2) + _overhang(have, want)


def _overhang(have: int, want: int) -> int:
    return (have - want) // 2 + ceil((want - have) / 2)

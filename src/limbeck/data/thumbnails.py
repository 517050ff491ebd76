"""Small pictures of pictures, for finding duplicates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from limbeck.core.errors import DataError
from limbeck.core.source import Source
from limbeck.data.images import decode_image, shrunk

SIDE = 32
# A border is found to 1/256 of the side, and a photograph of 12 million pixels costs no more than a small one.
_ENOUGH = 256


@dataclass(frozen=True)
class Thumbnails:
    """What duplicates are found by.

    Args:
        index: rows of the source, (n,).
        whole: the picture squeezed to 32 x 32, uint8 (n, 3, 32, 32).
        inner: the same of what lies inside a plain border, uint8 (n, 3, 32, 32).
        pixels: SHA-256 of the decoded pixels.
    """

    index: tuple[int, ...]
    whole: Tensor
    inner: Tensor
    pixels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.index)

    def rows(self, places: Sequence[int]) -> Thumbnails:
        """Those at `places`, in that order."""
        chosen = torch.tensor(list(places), dtype=torch.int64)
        return Thumbnails(
            tuple(self.index[place] for place in places),
            self.whole[chosen],
            self.inner[chosen],
            tuple(self.pixels[place] for place in places),
        )


def thumbnails(
    source: Source, indices: Sequence[int], *, workers: int = 4, tick: Callable[[], None] = lambda: None
) -> Thumbnails:
    """Thumbnails of the rows that have a picture that can be read; the others are left out.

    Args:
        source: the rows.
        indices: which.
        workers: threads.
        tick: called after each picture.
    """
    with_image = [int(index) for index in indices if "image" in source.rows[int(index)].modalities]

    def read(index: int) -> object:
        try:
            return source.sample(index).values["image"]
        except DataError:
            return None

    with ThreadPoolExecutor(max_workers=workers) as pool:
        made = []
        for item in pool.map(lambda index: _thumbnail(read(index)), with_image):
            made.append(item)
            tick()
    return _stack([(index, item) for index, item in zip(with_image, made, strict=True) if item is not None])


def thumbnails_of(images: Sequence[object]) -> Thumbnails:
    """Thumbnails of pictures or encoded bytes; their index is their place."""
    made = [_thumbnail(image) for image in images]
    return _stack([(index, item) for index, item in enumerate(made) if item is not None])


_Made = tuple[np.ndarray, np.ndarray, str]


def _stack(made: Sequence[tuple[int, _Made]]) -> Thumbnails:
    empty = torch.zeros((0, 3, SIDE, SIDE), dtype=torch.uint8)
    return Thumbnails(
        tuple(index for index, _ in made),
        torch.from_numpy(np.stack([item[0] for _, item in made])) if made else empty,
        torch.from_numpy(np.stack([item[1] for _, item in made])) if made else empty,
        tuple(item[2] for _, item in made),
    )


def _thumbnail(value: object) -> _Made | None:
    if value is None:
        return None
    try:
        image = decode_image(value)
    except DataError:
        return None
    digest = sha256(f"{image.size}".encode() + image.tobytes()).hexdigest()
    image = shrunk(image, _ENOUGH)
    return _small(image), _small(image.crop(_inside(image))), digest


def _small(image: Image.Image) -> np.ndarray:
    shrunk = image.resize((SIDE, SIDE), resample=Image.Resampling.LANCZOS)
    return np.ascontiguousarray(np.asarray(shrunk).transpose(2, 0, 1))


def _inside(image: Image.Image, *, tolerance: int = 24) -> tuple[int, int, int, int]:
    """The box that a border of the corner's colour leaves; the whole picture where there is none."""
    array = np.asarray(image).astype(np.int16)
    drawn = np.abs(array - array[0, 0]).max(axis=2) > tolerance
    across, down = np.flatnonzero(drawn.any(axis=0)), np.flatnonzero(drawn.any(axis=1))
    if not len(across):
        return (0, 0, image.width, image.height)
    return (int(across[0]), int(down[0]), int(across[-1]) + 1, int(down[-1]) + 1)

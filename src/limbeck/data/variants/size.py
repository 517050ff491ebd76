"""`SizeSource`: every picture at one small size, decoded once and kept; the option `size`."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from limbeck.core.artefact import new_folder, require_space, sha256_bytes, sha256_json, verify
from limbeck.core.errors import ArtefactError, DataError, UsageError
from limbeck.core.sample import Sample
from limbeck.core.source import Source
from limbeck.data.images import decode_image, encode_ppm
from limbeck.data.places import cache_folder
from limbeck.data.varied import VariedSource

_VERSION = 1
_FILE = "pixels.npy"


class SizeSource(VariedSource):
    """Pictures fitted into a white square of `size` pixels; decoded once for all runs and read back as plain pixels.

    `sample` gives a PPM (header and pixels), which decodes in a fraction of the time of a PNG. Every row of the inner
    source must have a picture that can be read. Write `size` first (`emoji:size=32,noise=0.4`), then all variants share
    one file in the cache.

    Use when runs take seconds and decoding would be most of them.

    Args:
        source: what is varied.
        size: pixels of a side, 4 to 512.
    """

    def __init__(self, source: Source, *, size: int) -> None:
        if not 4 <= size <= 512:
            raise UsageError(f"size is a side of 4 to 512 pixels, got {size}")
        super().__init__(source)
        self.size = size
        shown = [n for n, row in enumerate(source.rows) if "image" in row.modalities]
        self._place = {index: place for place, index in enumerate(shown)}
        self._pixels = _pixels(source, shown, size)

    def sample(self, index: int) -> Sample:
        """Row `index` with its picture as PPM."""
        sample = self.source.sample(index)
        if index not in self._place:
            return sample
        return replace(sample, values={**sample.values, "image": self._picture(index)})

    def content(self, index: int, modality: str) -> str:
        """SHA-256 of the raw value."""
        if modality == "image" and index in self._place:
            return sha256_bytes(self._picture(index))
        return self.source.content(index, modality)

    def _picture(self, index: int) -> bytes:
        return encode_ppm(self._pixels[self._place[index]])


def _pixels(source: Source, shown: Sequence[int], size: int) -> np.ndarray:
    """(pictures, size, size, 3) in uint8, from the cache where it is whole there."""
    contents = [source.content(index, "image") for index in shown]
    key = sha256_json({"contents": contents, "size": size, "fitting": _VERSION})
    folder = cache_folder() / f"pixels-{size}-{key[:16]}"
    found = _read(folder)
    if found is not None:
        return found
    require_space(folder, len(shown) * size * size * 3, f"pictures at {size} px")
    with new_folder(folder, "pixels", source={"key": key, "size": size}, replace=folder.exists()) as target:
        with ThreadPoolExecutor(max_workers=2) as pool:
            fitted = list(pool.map(lambda index: _fitted(source, index, size), shown))
        np.save(target / _FILE, np.stack(fitted) if fitted else np.zeros((0, size, size, 3), np.uint8))
    made = _read(folder)
    if made is None:
        raise ArtefactError(f"{folder} is damaged as soon as it is written; check the disk")
    return made


def _read(folder: Path) -> np.ndarray | None:
    try:
        verify(folder, kind="pixels")
    except ArtefactError:  # not there yet, or damaged: it is made again
        return None
    found: np.ndarray = np.load(folder / _FILE, allow_pickle=False)
    return found


def _fitted(source: Source, index: int, size: int) -> np.ndarray:
    sample = source.sample(index)
    try:
        image = decode_image(sample.values["image"])
    except DataError as error:
        raise DataError(f"row {sample.id}: {error}") from error
    scale = size / max(image.size)
    wide, high = (max(1, round(side * scale)) for side in image.size)
    if image.size != (wide, high):
        image = image.resize((wide, high), resample=Image.Resampling.BICUBIC)
    if (wide, high) == (size, size):
        return np.asarray(image)
    square = Image.new("RGB", (size, size), (255, 255, 255))
    square.paste(image, ((size - wide) // 2, (size - high) // 2))
    return np.asarray(square)

"""Seeded augmentation of a value, and the fingerprint that caches carry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256

import numpy as np
from PIL import Image

from limbeck.core.artefact import sha256_json
from limbeck.core.augmentation import Augmentation
from limbeck.core.describe import describe
from limbeck.core.sample import Sample
from limbeck.core.view import View
from limbeck.data.images import decode_image

_VERSION = 2
GAP = 2.0
"""How many times larger than a model's own size a picture stays that is only seen changed: Pillow's `reducing_gap`."""


class Drawn:
    """One sample's value under any draw: the same change for every model, process and run.

    Use when a row is prepared for any model: student and teacher then see one picture, each at its own size. However
    many draws are taken, the value is hashed and the picture decoded once. The generator of each augmentation is
    seeded from the content of the value, the draw and the place among those of its modality, so that a cache that is
    addressed by content and draw never holds another picture's features. Where every augmentation says how much it
    `magnifies`, the picture is decoded no larger than the view can see of it.

    Args:
        sample: raw values, the view's modality among them.
        view: of the model.
        augmentations: applied in order; those of other modalities are left out.
    """

    def __init__(self, sample: Sample, *, view: View, augmentations: Sequence[Augmentation] = ()) -> None:
        self.value = sample.values[view.modality]
        self.parts = [part for part in augmentations if part.modality == view.modality]
        self.view = view

    def __call__(self, draw: int) -> object:
        """What the view prepares: the value as it is under draw 0, its `draw`-th stored change under any other.

        Raises:
            DataError: the picture cannot be decoded.
        """
        if draw == 0 or not self.parts:
            return self.value
        value = self._unchanged
        for place, part in enumerate(self.parts):
            seed = sha256(self._content + f"\0{draw}\0{place}".encode()).digest()
            value = part(value, np.random.Generator(np.random.PCG64(int.from_bytes(seed))))
        return value

    @cached_property
    def _content(self) -> bytes:
        return _content(self.value)

    @cached_property
    def _unchanged(self) -> object:
        """What augmentations take, which they leave as it is."""
        if self.view.modality != "image":
            return self.value
        return decode_image(self.value, at_least=_side(self.view, self.parts))


def _side(view: View, parts: Sequence[Augmentation]) -> int | None:
    """Pixels of the shorter side that leave the model `GAP` for each of its own; None where all of them are needed."""
    magnified = [part.magnifies for part in parts if part.magnifies is not None]
    if view.side is None or len(magnified) < len(parts):
        return None
    return math.ceil(GAP * view.side * math.prod(magnified))


def augmentation_fingerprint(augmentations: Sequence[Augmentation]) -> str:
    """Hash of what is applied, in order, with every argument."""
    return sha256_json({"version": _VERSION, "parts": [describe(part) for part in augmentations]})


def _content(value: object) -> bytes:
    if isinstance(value, str):
        return sha256(value.encode("utf-8", "surrogatepass")).digest()
    if isinstance(value, Image.Image):
        return sha256(f"{value.mode}{value.size}".encode() + value.tobytes()).digest()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return sha256(value).digest()
    array = np.ascontiguousarray(value)
    return sha256(f"{array.dtype}{array.shape}".encode() + array.tobytes()).digest()

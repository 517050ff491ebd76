"""Seeded augmentation of a sample, and the fingerprint that caches carry."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

import numpy as np
from PIL import Image

from limbeck.core.artefact import sha256_json
from limbeck.core.augmentation import Augmentation
from limbeck.core.describe import describe
from limbeck.core.sample import Sample
from limbeck.data.images import decode_image

_VERSION = 1


def augment(sample: Sample, draw: int, augmentations: Sequence[Augmentation]) -> Sample:
    """The sample under draw `draw`: the same for every model, process and run; draw 0 is the sample itself.

    Use when a row is prepared for any model: student and teacher then see one picture. The generator of each
    augmentation is seeded from the content of the value, the draw and the place among those of its modality, so that a
    cache that is addressed by content and draw never holds another picture's features.

    Args:
        sample: raw values.
        draw: 0 leaves everything as it is; k > 0 is the k-th stored draw.
        augmentations: applied in order, each to its own modality.
    """
    if draw == 0 or not any(part.modality in sample.values for part in augmentations):
        return sample
    values = dict(sample.values)
    seeds: dict[str, bytes] = {}
    places: Counter[str] = Counter()
    for part in augmentations:
        if part.modality not in values:
            continue
        # Counted within the modality: what is done to captions must not change the draws of pictures in a cache.
        position = places[part.modality]
        places[part.modality] += 1
        if part.modality not in seeds:
            seeds[part.modality] = _content(values[part.modality])
            if part.modality == "image":
                values["image"] = decode_image(values["image"])
        seed = sha256(seeds[part.modality] + f"\0{draw}\0{position}".encode()).digest()
        generator = np.random.Generator(np.random.PCG64(int.from_bytes(seed)))
        values[part.modality] = part(values[part.modality], generator)
    return dataclasses.replace(sample, values=values)


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

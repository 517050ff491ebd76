"""`forecast`: what a cache will take, before its first byte is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from limbeck.core.augmentation import Augmentation
from limbeck.core.encoder import Encoder
from limbeck.core.source import Source
from limbeck.core.view import View
from limbeck.data.cache.encode import answers, in_eval
from limbeck.data.cache.key import DTYPES, CacheKey, addresses, cache_key
from limbeck.data.cache.store import ADDRESS_BYTES

SHARD_ROWS = 1024
SHARD_BYTES = 64 << 20
_HEADER = 1024  # of a shard's file, with its entry in the manifest
_MANIFEST = 2048


@dataclass(frozen=True)
class Forecast:
    """The size of a cache.

    Args:
        rows: different (content, draw) pairs: what the teacher has to look at.
        size: bytes on the disk.
    """

    rows: int
    size: int


def forecast(
    teacher: Encoder,
    *,
    source: Source,
    indices: Iterable[int],
    view: View,
    draws: int = 0,
    augmentations: Sequence[Augmentation] = (),
    dtype: str = "float32",
    wants: Sequence[str] = ("pooled",),
) -> Forecast:
    """Rows and bytes of a cache. Outputs other than `pooled` are measured by running the teacher on one row.

    Use when the doctor, or a user, asks what a cache will cost.
    """
    key = cache_key(teacher, view=view, teacher_fingerprint="", augmentations=augmentations, dtype=dtype, wants=wants)
    needed = needed_rows(source, indices, key, draws=draws)
    if not needed:
        return Forecast(0, _MANIFEST)
    first, _ = next(iter(needed.values()))
    return Forecast(len(needed), size_of(len(needed), row_bytes(teacher, source, first, view, key)))


def needed_rows(source: Source, indices: Iterable[int], key: CacheKey, *, draws: int) -> dict[bytes, tuple[int, int]]:
    """Address -> the first (index, draw) that asks for it; rows without the modality are left out."""
    needed: dict[bytes, tuple[int, int]] = {}
    for index in indices:
        if key.modality in source.rows[index].modalities:
            for draw, address in enumerate(addresses(source, index, key, draws=draws)):
                needed.setdefault(address, (index, draw))
    return needed


def row_bytes(teacher: Encoder, source: Source, index: int, view: View, key: CacheKey) -> int:
    """Bytes of one stored row."""
    each = DTYPES[key.dtype].itemsize
    if key.outputs == ("pooled",):
        return teacher.width * each + ADDRESS_BYTES
    with in_eval(teacher):
        found = answers(teacher, view, [view.prepare(source.sample(index).values[key.modality])], key)
    return ADDRESS_BYTES + sum(
        v.numel() * (each if v.is_floating_point() else v.element_size()) for v in found.values()
    )


def size_of(rows: int, each: int, *, shard_rows: int = SHARD_ROWS) -> int:
    """Bytes of so many rows in full shards."""
    return rows * each + -(-rows // fitting(each, shard_rows)) * _HEADER + _MANIFEST


def fitting(each: int, shard_rows: int = SHARD_ROWS) -> int:
    """Rows of a full shard: few enough that a copy fits in memory."""
    return max(1, min(shard_rows, SHARD_BYTES // each))

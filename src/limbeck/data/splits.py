"""Which rows train, validate and test."""

from __future__ import annotations

from hashlib import sha256

from limbeck.core.errors import DataError
from limbeck.core.source import Source

NAMES = ("train", "validation", "test")


def split_of(source: Source, fractions: tuple[float, float, float] = (0.8, 0.1, 0.1)) -> dict[str, list[int]]:
    """Split name -> rows: what the `split` column says; where no row says anything, a stable hash of group or id.

    Use when rows have to be divided. A hash keeps a row in its split when others are added or the file is sorted;
    rows of one group always fall into one split. A row that lacks a modality cannot be measured on and, without a
    group, trains. In a source that has splits, a blank one means train.

    Args:
        source: the rows.
        fractions: train, validation and test shares; non-negative, summing to 1.

    Raises:
        DataError: the fractions do not sum to 1.

    >>> hash_split("icon-7", (0.8, 0.1, 0.1)) == hash_split("icon-7", (0.8, 0.1, 0.1))
    True
    """
    if len(fractions) != 3 or min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:
        raise DataError(f"split fractions must be three shares that sum to 1, got {fractions}")
    found: dict[str, list[int]] = {name: [] for name in NAMES}
    complete = frozenset(source.modalities)
    named = any(row.split for row in source.rows)
    for index, row in enumerate(source.rows):
        if named:
            name = row.split or "train"
        elif not row.group and row.modalities != complete:
            name = "train"
        else:
            name = hash_split(row.group or row.id, fractions)
        found[name].append(index)
    return found


def hash_split(name: str, fractions: tuple[float, float, float]) -> str:
    """The split that the SHA-256 of `name` falls into."""
    point = int.from_bytes(sha256(name.encode("utf-8", "surrogatepass")).digest()[:8]) / 2**64
    if point < fractions[2]:
        return "test"
    if point < fractions[2] + fractions[1]:
        return "validation"
    return "train"

"""Which rows train, validate and test, and of which kind each one is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from limbeck.core.errors import DataError
from limbeck.core.recipe import DataSpec
from limbeck.core.sample import Batch
from limbeck.core.source import Source
from limbeck.data.splits import hash_split


def kind_of(modalities: Iterable[str]) -> str:
    """The name of a presence pattern: sorted modalities joined by `+`.

    >>> kind_of({"text", "image"})
    'image+text'
    """
    return "+".join(sorted(modalities))


def kinds_of(source: Source, indices: Iterable[int]) -> dict[str, list[int]]:
    """Kind -> rows, kinds in alphabetical order; rows that hold nothing usable are left out."""
    found: dict[str, list[int]] = {}
    for row in indices:
        if source.rows[row].modalities:
            found.setdefault(kind_of(source.rows[row].modalities), []).append(row)
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Rows:
    """Row numbers of a source by what they are used for.

    Args:
        train: kind (`image+text`, `text`, ...) -> rows.
        validation: complete rows kept for choosing.
        test: complete rows read once, at the end.
    """

    train: Mapping[str, tuple[int, ...]]
    validation: tuple[int, ...]
    test: tuple[int, ...]

    def training(self) -> tuple[int, ...]:
        """Every training row, whatever its kind, in source order."""
        return tuple(sorted(row for rows in self.train.values() for row in rows))


def divide(source: Source, splits: Mapping[str, Sequence[int]]) -> Rows:
    """Sort the rows of each split by kind; validation and test keep rows that hold every modality.

    Raises:
        DataError: nothing is left to train on, to validate or to test.
    """
    complete = frozenset(source.modalities)
    train = kinds_of(source, splits.get("train", []))
    held = {
        name: tuple(row for row in splits.get(name, []) if source.rows[row].modalities == complete)
        for name in ("validation", "test")
    }
    counts = ", ".join(f"{name} {len(rows)}" for name, rows in held.items())
    if not train:
        raise DataError(f"no row has split 'train' (found: {counts}); {remedy(source, splits, 'train')}")
    for name, rows in held.items():
        if len(rows) < 2:
            raise DataError(
                f"split '{name}' holds {len(rows)} rows with {' and '.join(sorted(complete))}; at least 2 are needed; "
                + remedy(source, splits, name)
            )
    return Rows({kind: tuple(rows) for kind, rows in train.items()}, held["validation"], held["test"])


def remedy(source: Source, splits: Mapping[str, Sequence[int]], name: str) -> str:
    """What gives the split `name` the complete rows that it lacks, by why it lacks them."""
    complete = frozenset(source.modalities)
    what = " and ".join(sorted(complete))
    whole = [row for row in source.rows if row.modalities == complete]
    if not whole:
        if unread := _unread(source):
            return f"no row can be used: {unread}"
        blank = sorted(complete.difference(*(row.modalities for row in source.rows)))
        if blank:
            return f"every '{blank[0]}' is blank: fill them in"
        return f"no row has {what} together: put what belongs together into one row"
    if not any(row.split for row in source.rows):
        groups = {row.group for row in whole if row.group}
        if len(groups) == 1 and all(row.group for row in whole):
            return "all rows are of one group, and a group stays together: give more groups, or a `split` column"
        by, more = ("group or id", f"rows with {what} of other groups") if groups else ("id", f"rows with {what}")
        return f"rows are dealt out by a hash of their {by}: add {more}, or a `split` column"
    partial = sum(bool(source.rows[row].modalities < complete) for row in splits.get(name, ()))
    ways = [f"fill in what {partial} of its rows lack"] if partial else []
    ways.append(f"give split '{name}' to more rows with {what}")
    dealt = Counter(hash_split(row.group or row.id, DataSpec("").fractions) for row in whole)
    if dealt["train"] and min(dealt["validation"], dealt["test"]) > 1:
        ways.append("leave the split column out")
    return " or ".join(ways)


def _unread(source: Source) -> str:
    """Why the first row cannot be used, where none can; "" where some row can, or is just blank."""
    if not len(source) or any(row.modalities for row in source.rows):
        return ""
    try:
        source.sample(0)
    except DataError as error:
        return str(error)
    return ""


def skeleton(source: Source, indices: Iterable[int], draws: Iterable[int]) -> Batch:
    """A batch without views: what a cached teacher needs to know."""
    index = torch.as_tensor(list(indices), dtype=torch.long)
    present = {
        modality: torch.tensor([modality in source.rows[int(row)].modalities for row in index], dtype=torch.bool)
        for modality in source.modalities
    }
    return Batch(views={}, present=present, index=index, draw=torch.as_tensor(list(draws), dtype=torch.long))

"""`LabelsSource`: fewer labels in training; the option `labels`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from limbeck.core.errors import UsageError
from limbeck.core.sample import Sample
from limbeck.core.source import Row, Source
from limbeck.data.varied import VariedSource, drawn


class LabelsSource(VariedSource):
    """A share of the training rows of every class keeps its label, at least one row each; the others train without.

    The number of a row without a label is -1 (`Batch.target["label"]`). A smaller share is part of a larger one.

    Use when a method claims to need few labels.

    Args:
        source: what is varied; its rows have labels.
        labels: share of the labelled training rows, 0 to 1.
        seed: which ones.
    """

    def __init__(self, source: Source, *, labels: float, seed: int = 0) -> None:
        if not 0 <= labels <= 1:
            raise UsageError(f"labels is a share between 0 and 1, got {labels}")
        if not source.classes:
            raise UsageError("labels= keeps a share of the labels, and the rows of this data have none")
        super().__init__(source)
        self.labels = labels
        self.seed = seed
        self._kept: set[str] = set()
        for name in source.classes:
            members = [row.id for row in source.rows if row.label == name and row.split in ("train", "")]
            share = max(labels, 1 / len(members)) if members and labels else 0.0
            self._kept |= drawn(members, share, seed=seed, salt="labels")

    @cached_property
    def rows(self) -> Sequence[Row]:
        """Rows, most of the training ones without a label."""
        return tuple(replace(row, label="") if self._loses(row) else row for row in self.source.rows)

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the inner source."""
        return self.source.classes

    def sample(self, index: int) -> Sample:
        """Row `index`, without its label where that is not kept."""
        return replace(self.source.sample(index), label=self.rows[index].label)

    def _loses(self, row: Row) -> bool:
        return row.split in ("train", "") and bool(row.label) and row.id not in self._kept

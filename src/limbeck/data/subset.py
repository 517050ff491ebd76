"""`SubsetSource`: some rows of a source, in their order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property

from limbeck.core.artefact import sha256_json
from limbeck.core.errors import UsageError
from limbeck.core.sample import Sample
from limbeck.core.source import Row, Source
from limbeck.data.varied import VariedSource


class SubsetSource(VariedSource):
    """The rows `keep` of `source`, renumbered from 0.

    Use when rows are dropped: unreadable ones, leaked ones, or all but a few for a quick look.

    Args:
        source: where the rows come from.
        keep: indices in the source, each at most once.
    """

    def __init__(self, source: Source, *, keep: Sequence[int]) -> None:
        super().__init__(source)
        self.keep = tuple(int(index) for index in keep)
        if len(set(self.keep)) != len(self.keep):
            raise UsageError("a subset names a row more than once")
        if self.keep and not 0 <= min(self.keep) <= max(self.keep) < len(source):
            raise UsageError(f"a subset names a row outside 0 to {len(source) - 1}")

    @cached_property
    def rows(self) -> Sequence[Row]:
        """The kept rows."""
        return tuple(self.source.rows[index] for index in self.keep)

    def may_display(self, index: int) -> bool:
        """As the inner source says of that row."""
        return self.source.may_display(self.keep[index])

    def sample(self, index: int) -> Sample:
        """Row `index` of the subset."""
        return dataclasses.replace(self.source.sample(self.keep[index]), index=index)

    def content(self, index: int, modality: str) -> str:
        """SHA-256 of the raw value."""
        return self.source.content(self.keep[index], modality)

    def fingerprint(self) -> str:
        """Hash of the source's fingerprint and of what is kept."""
        return sha256_json({"source": self.source.fingerprint(), "keep": self.keep})

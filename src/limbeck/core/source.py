"""`Source`: rows of a data set, read one at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from limbeck.core.sample import Sample


@dataclass(frozen=True)
class Row:
    """What is known of a row without reading its media.

    Args:
        id: unique name.
        modalities: columns with a value in this row.
        split: `train`, `validation`, `test`, or "".
        label: class name or "".
        group: rows of one group are right answers for one another, or "".
        text: the caption where the row has one, else "".
        domain: where the row comes from (a vendor, a camera, a site) or "".
    """

    id: str
    modalities: frozenset[str]
    split: str = ""
    label: str = ""
    group: str = ""
    text: str = ""
    domain: str = ""


class Source(ABC):
    """A data set of known length. Reading a row that cannot be used raises `DataError` naming its id."""

    @property
    @abstractmethod
    def rows(self) -> Sequence[Row]:
        """Every row, in the order that indices mean."""

    @property
    @abstractmethod
    def modalities(self) -> tuple[str, ...]:
        """Columns that are modalities."""

    @abstractmethod
    def sample(self, index: int) -> Sample:
        """Row `index` with its raw values: `image` as encoded bytes, `text` as str."""

    @abstractmethod
    def content(self, index: int, modality: str) -> str:
        """SHA-256 of the raw value: what a cache is keyed by. Never trusts a file's size and time."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Hash of ids, splits, labels and contents."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the labels, in the order of their numbers."""
        return tuple(sorted({row.label for row in self.rows if row.label}))

    def may_display(self, index: int) -> bool:
        """Whether the picture of row `index` may be shown outside this machine: in a report, a page, a README."""
        return True

    def __len__(self) -> int:
        return len(self.rows)

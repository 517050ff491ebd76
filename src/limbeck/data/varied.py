"""`VariedSource`: a source with something changed, everything else passed on; and draws that nest."""

from __future__ import annotations

import inspect
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from limbeck.core.artefact import sha256_json
from limbeck.core.sample import Sample
from limbeck.core.source import Row, Source


class VariedSource(Source):
    """Base of subsets, and of what `NAME:key=value` puts around a built-in source.

    A subclass keeps its arguments under their own names and overrides what it changes. Rows keep ids and places unless
    it says otherwise.

    Args:
        source: what is varied.
    """

    def __init__(self, source: Source) -> None:
        self.source = source

    @cached_property
    def rows(self) -> Sequence[Row]:
        """Rows as the inner source has them."""
        return self.source.rows

    @property
    def modalities(self) -> tuple[str, ...]:
        """Columns that are modalities."""
        return self.source.modalities

    @property
    def path(self) -> str:
        """The name of the inner source."""
        return str(getattr(self.source, "path", type(self.source).__name__))

    @property
    def removed(self) -> tuple[str, ...]:
        """What the inner source kept out of its test split; an inner source without this has none here either."""
        return tuple(getattr(self.source, "removed"))  # noqa: B009  # AttributeError has to pass, for `hasattr`

    @property
    def licence(self) -> Path:
        """Of the inner source."""
        return Path(getattr(self.source, "licence"))  # noqa: B009

    def may_display(self, index: int) -> bool:
        """As the inner source says."""
        return self.source.may_display(index)

    @abstractmethod
    def sample(self, index: int) -> Sample:
        """Row `index` with its raw values, varied."""

    def content(self, index: int, modality: str) -> str:
        """SHA-256 of the raw value."""
        return self.source.content(index, modality)

    @cached_property
    def _print(self) -> str:
        return sha256_json({type(self).__name__: self._changes(), "source": self.source.fingerprint()})

    def fingerprint(self) -> str:
        """Hash of the inner fingerprint and of what is changed."""
        return self._print

    def _changes(self) -> dict[str, Any]:
        keys = list(inspect.signature(type(self)).parameters)[1:]  # arguments are kept under their own names
        return {key: getattr(self, key) for key in keys}


def drawn(names: Iterable[str], share: float, *, seed: int, salt: str) -> set[str]:
    """The first `share` of distinct names in the order of a seeded SHA-256: a smaller share is part of a larger one.

    >>> drawn("abcd", 0.25, seed=0, salt="x") <= drawn("abcd", 0.5, seed=0, salt="x")
    True
    """
    order = sorted(set(names), key=lambda name: sha256(f"{salt}\0{seed}\0{name}".encode()).digest())
    return set(order[: round(share * len(order))])

"""`View`: one raw value -> what one model eats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from torch import Tensor


class View(ABC):
    """Prepares one modality for one model; each model has its own view.

    Augmentation happens before views split (`limbeck.data.augmentation`), so that a student and a teacher that see
    one sample under one draw see the same picture at their own size.
    """

    modality: str

    side: int | None = None
    """Pixels that a picture's shorter side comes to; None for what is no picture, or has to be whole."""

    @abstractmethod
    def prepare(self, value: object) -> Mapping[str, Tensor]:
        """One raw value as tensors without a batch axis. A value that cannot be used raises `DataError`."""

    @abstractmethod
    def collate(self, rows: Sequence[Mapping[str, Tensor] | None]) -> Mapping[str, Tensor]:
        """Rows stacked along a new first axis; None (the modality is absent) becomes zeros."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Hash of everything that decides the tensors: spec, library-independent preprocessing version."""

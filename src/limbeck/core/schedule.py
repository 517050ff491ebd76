"""`Schedule`: step -> number."""

from __future__ import annotations

from abc import ABC, abstractmethod


class Schedule(ABC):
    """A pure function of the step; used for learning rates and term weights."""

    @abstractmethod
    def __call__(self, step: int) -> float:
        """The value at `step` (0 is the first)."""

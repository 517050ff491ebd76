"""`Augmentation`: changes a raw value before the views split."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np


class Augmentation(ABC):
    """A random change of one modality. Draw 0 is never augmented; draw k of a row is the same for every model and run.

    The constructor's arguments are part of the teacher cache's key (through `describe`).
    """

    modality: str

    @abstractmethod
    def __call__(self, value: object, generator: np.random.Generator) -> object:
        """The changed value: for `image` a `PIL.Image` in RGB -> the same, for `text` a str -> str."""

"""`Augmentation` changes a raw value before the views split; `Jitter` changes what one student eats, after it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor


class Augmentation(ABC):
    """A random change of one modality. Draw 0 is never augmented; draw k of a row is the same for every model and run.

    The constructor's arguments are part of the teacher cache's key (through `describe`).
    """

    modality: str

    magnifies: float | None = None
    """How many times larger a detail of a picture may come out. With a number, the change must be the same at any size
    of picture, which is then decoded no larger than the models can see; None: it counts pixels, or nobody knows."""

    @abstractmethod
    def __call__(self, value: object, generator: np.random.Generator) -> object:
        """The changed value: for `image` a `PIL.Image` in RGB -> the same, for `text` a str -> str."""


class Jitter(ABC):
    """A small random change of one modality of a whole step, for students alone and anew at every step.

    Stored draws are few, because each costs the teacher an answer, and a student that sees nothing else learns them by
    heart. A change that the teacher's answer would hardly follow (a few pixels' shift) costs nothing and never repeats.
    """

    modality: str

    @abstractmethod
    def __call__(self, view: Mapping[str, Tensor], generator: torch.Generator) -> Mapping[str, Tensor]:
        """The changed view, of the same names and shapes; the input is left as it is."""

"""`Encoder` and `Teacher`: the things that turn a view into `Features`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping

from torch import Tensor, nn

from limbeck.core.features import Features
from limbeck.core.sample import Batch
from limbeck.core.spec import ViewSpec


class Encoder(nn.Module, ABC):
    """One modality -> Features. Deterministic in eval mode; gradient reaches a floating-point input.

    Attributes:
        modality: column that it reads (`image`, `text`, `audio`, ...).
        width: last axis of `pooled`.
        outputs: every name that `want` may hold, `pooled` first.
        spec: how it wants its input; None for an encoder that eats features.
        vocabulary: number of token ids that it knows; None where there are none.
    """

    modality: str
    width: int
    outputs: tuple[str, ...] = ("pooled",)
    spec: ViewSpec | None = None
    vocabulary: int | None = None

    @abstractmethod
    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        """Exactly the outputs in `want`, for every row of the view."""


class Teacher(ABC):
    """A frozen source of Features for a batch: live (an encoder) or cached (a store); the two are interchangeable.

    It is not an `nn.Module` on purpose: nothing can register it in a student, an optimizer or a checkpoint.
    """

    modality: str
    width: int
    outputs: tuple[str, ...] = ("pooled",)

    @abstractmethod
    def __call__(self, batch: Batch, *, want: Collection[str] = ("pooled",)) -> Features:
        """Features without gradient, in eval mode, for every row of the batch."""

    @abstractmethod
    def fingerprint(self) -> str:
        """Hash of weights and preprocessing: two teachers with one fingerprint give one answer."""

    def trainable(self) -> tuple[str, ...]:
        """Names of parameters that would train; the wiring check refuses a teacher where this is not empty."""
        return ()

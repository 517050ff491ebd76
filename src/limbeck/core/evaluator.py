"""`Evaluator`: models and data in, metrics with per-item values out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from limbeck.core.encoder import Encoder
from limbeck.core.sample import Batch


@dataclass(frozen=True)
class Metric:
    """One number, where it comes from and how far it can be trusted.

    Args:
        name: for example `image->text R@1`.
        value: the mean of `items`, or a statistic of them.
        n: number of items.
        low: lower end of the interval.
        high: upper end of the interval.
        chance: what a model that knows nothing would score.
        higher_is_better: direction.
        items: per-item values in the order of the evaluation rows, so that two models can be paired.
        note: transform, prompts, protocol.
    """

    name: str
    value: float
    n: int
    low: float
    high: float
    chance: float
    higher_is_better: bool = True
    items: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)
    note: str = ""

    def to_json(self, *, items: bool = False) -> dict[str, object]:
        """Plain values; `items=True` keeps the per-item list."""
        plain: dict[str, object] = {
            key: getattr(self, key)
            for key in ("name", "value", "n", "low", "high", "chance", "higher_is_better", "note")
        }
        if items:
            plain["items"] = [float(item) for item in self.items]
        return plain


class Evaluator(ABC):
    """A protocol: a perfect input scores perfect, a shuffled one scores chance."""

    @abstractmethod
    def __call__(self, models: Mapping[str, Encoder], loader: Iterable[Batch]) -> list[Metric]:
        """Every metric of the protocol. `models` maps modality -> encoder; a batch's views are keyed by modality.

        What parts say is an output of the encoder that they eat (`head:pooled`, see `CompositeEncoder`); `models.parts`
        holds every part where `models` is a `limbeck.core.composite.Models`.
        """

    def answers(self, models: Mapping[str, Encoder]) -> bool:
        """Whether these models have what the protocol asks for; a teacher without a student's parts has not."""
        return True

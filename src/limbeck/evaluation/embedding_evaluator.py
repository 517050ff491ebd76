"""`EmbeddingEvaluator`: protocols that need nothing but vectors, so that a control can shuffle them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limbeck.core.encoder import Encoder
from limbeck.core.evaluator import Evaluator, Metric
from limbeck.core.sample import Batch
from limbeck.evaluation.embeddings import Embeddings, embed
from limbeck.evaluation.intervals import mean_interval, wilson


@dataclass(frozen=True)
class Measurement:
    """A metric before its interval.

    Args:
        name: of the metric.
        items: one value an item, in [0, 1]; the metric is their mean.
        chance: what a model that knows nothing scores, exactly.
        proportion: the items are successes and failures (ties aside), so that Wilson's interval holds.
        note: transform, prompts, protocol.
    """

    name: str
    items: NDArray[np.float64]
    chance: float
    proportion: bool = False
    note: str = ""

    def metric(self) -> Metric:
        """With the interval over items."""
        value, n = float(self.items.mean()), len(self.items)
        interval = wilson(min(1.0, max(0.0, value)), n) if self.proportion else mean_interval(self.items)
        return Metric(
            name=self.name,
            value=value,
            n=n,
            low=interval.low,
            high=interval.high,
            chance=self.chance,
            items=self.items,
            note=self.note,
        )


class EmbeddingEvaluator(Evaluator):
    """Embeds once, then measures; `limbeck.evaluation.control` measures the same vectors shuffled."""

    def embeddings(self, models: Mapping[str, Encoder], loader: Iterable[Batch]) -> Embeddings:
        """What `measure` needs of the models."""
        return embed(models, loader)

    @abstractmethod
    def measure(self, embeddings: Embeddings) -> list[Measurement]:
        """Every metric of the protocol, the one that steers early stopping first."""

    def metrics(self, embeddings: Embeddings) -> list[Metric]:
        """`measure` with intervals."""
        return [measurement.metric() for measurement in self.measure(embeddings)]

    def __call__(self, models: Mapping[str, Encoder], loader: Iterable[Batch]) -> list[Metric]:
        """Every metric of the protocol."""
        return self.metrics(self.embeddings(models, loader))

"""The test split, read once at the end: metrics, a shuffled control, and what the model costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limbeck.core.encoder import Encoder
from limbeck.core.evaluator import Evaluator, Metric
from limbeck.core.source import Source
from limbeck.data.loader import EvalLoader
from limbeck.data.prepared import PreparedStore
from limbeck.evaluation.control import Control, shuffled_control
from limbeck.evaluation.embedding_evaluator import EmbeddingEvaluator
from limbeck.evaluation.units import over_units
from limbeck.pipeline.views import bound, view_of


@dataclass(frozen=True)
class Measured:
    """What one model scores.

    Args:
        metrics: of every evaluator, in order.
        controls: the same protocol on shuffled pairs; a headline stands only where every one sits at chance.
    """

    metrics: tuple[Metric, ...]
    controls: tuple[Control, ...]

    @property
    def sound(self) -> bool:
        """Whether every control sits at chance."""
        return all(control.passed for control in self.controls)

    def reassurance(self) -> list[str]:
        """What may be said of controls that sit at chance: nothing is shown by one that could not have failed."""
        found = []
        for control in self.controls:
            if control.passed:
                blind = all(metric.chance >= 1 for metric in control.metrics)
                found.append(
                    "shuffled control: cannot tell, for any answer is right here" if blind else control.verdict
                )
        return list(dict.fromkeys(found))

    def to_json(self) -> dict[str, Any]:
        """Plain values, per-item ones included."""
        return {
            "metrics": [metric.to_json(items=True) for metric in self.metrics],
            "controls": [
                {"metrics": [metric.to_json() for metric in control.metrics], "failed": list(control.failed)}
                for control in self.controls
            ],
        }

    def get(self, name: str) -> Metric:
        """One metric by name."""
        return next(metric for metric in self.metrics if metric.name == name)


def measured_from(plain: Mapping[str, Any]) -> Measured:
    """What `Measured.to_json` wrote down."""

    def metric(values: Mapping[str, Any]) -> Metric:
        return Metric(**{**values, "items": np.asarray(values.get("items", ()), dtype=np.float64)})

    controls = [Control(tuple(map(metric, one["metrics"])), tuple(one["failed"])) for one in plain["controls"]]
    return Measured(tuple(map(metric, plain["metrics"])), tuple(controls))


def measure(
    encoders: Mapping[str, Encoder],
    source: Source,
    indices: Sequence[int],
    evaluators: Sequence[Evaluator],
    *,
    store: PreparedStore | None = None,
) -> Measured:
    """Every metric of every evaluator on the given rows, unaugmented.

    A picture or a caption that stands in several rows is one query and one candidate; all its rows answer it, and they
    are one item of every interval (`over_units`). `store` keeps what was prepared, where the same rows are measured
    again.
    """
    views = {m: view_of(encoder) for m, encoder in encoders.items()}
    loader = EvalLoader(source, indices=indices, views=views, batch_size=256, store=store)
    metrics: list[Metric] = []
    controls: list[Control] = []
    for evaluator in bound(evaluators, encoders):
        if isinstance(evaluator, EmbeddingEvaluator):
            embeddings = evaluator.embeddings(encoders, loader)
            classified = getattr(evaluator, "modality", None)
            metrics += [over_units(one, embeddings, modality=classified) for one in evaluator.metrics(embeddings)]
            controls.append(shuffled_control(evaluator, embeddings, permutations=_permutations(len(embeddings))))
        else:
            metrics += evaluator(encoders, loader)
    return Measured(tuple(metrics), tuple(controls))


def _permutations(rows: int) -> int:
    """How often pairs are dealt anew for a control, which takes as long as the headline each time: 40,000 rows do."""
    return min(20, max(2, 40_000 // max(1, rows)))

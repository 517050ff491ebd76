"""`shuffled_control`: the same vectors with broken pairs must score chance, or the headline is withheld."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from limbeck.core.evaluator import Metric
from limbeck.evaluation.embedding_evaluator import EmbeddingEvaluator
from limbeck.evaluation.embeddings import Embeddings
from limbeck.evaluation.intervals import wilson

_CONFIDENCE = 0.999  # with some ten metrics a run, 95 % would withhold every other headline


@dataclass(frozen=True)
class Control:
    """What the shuffled pairs scored.

    Args:
        metrics: one for each metric of the protocol; `n` counts distinct items of the rarer modality times
            permutations, the interval is 99.9 %.
        failed: names of those whose interval does not hold chance, nor does that of a second dealing.
    """

    metrics: tuple[Metric, ...]
    failed: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the headline may be printed."""
        return not self.failed

    @property
    def verdict(self) -> str:
        """One sentence for the terminal and the report."""
        if self.passed:
            return "shuffled control: at chance, as it must be"
        metric = next(m for m in self.metrics if m.name == self.failed[0])
        return (
            f"headline withheld: with shuffled pairs '{metric.name}' is {metric.value:.1%} "
            f"({metric.low:.1%} to {metric.high:.1%}) where chance is {metric.chance:.1%}; "
            "answers leak into the evaluation or its right answers are wrong"
        )


def shuffled_control(
    evaluator: EmbeddingEvaluator, embeddings: Embeddings, *, permutations: int = 20, seed: int = 0
) -> Control:
    """Score randomly dealt pairs.

    A comparison has hundreds of controls, so that one in a thousand fails by luck. What fails is dealt again, twice as
    often and from another seed, and has to fail again: a leak does, luck does not.

    Args:
        evaluator: the protocol.
        embeddings: the vectors that the headline was measured on.
        permutations: how many times the pairs are dealt anew.
        seed: of the dealing.

    Returns:
        Mean over the permutations with a 99.9 % interval, the wider one of Wilson's and of the spread between
        permutations.
    """
    first = _dealt(evaluator, embeddings, permutations, np.random.default_rng(seed))
    if first.passed:
        return first
    again = _dealt(evaluator, embeddings, 2 * permutations, np.random.default_rng([seed, 1]))
    return Control(again.metrics, tuple(name for name in again.failed if name in first.failed))


def _dealt(
    evaluator: EmbeddingEvaluator, embeddings: Embeddings, permutations: int, generator: np.random.Generator
) -> Control:
    runs = [evaluator.measure(embeddings.shuffled(generator)) for _ in range(permutations)]
    # Four pictures of one thing and one text are not four answers that luck gives independently.
    units = min(len(embeddings.distinct(modality)[0]) for modality in embeddings.vectors)
    metrics, failed = [], []
    for same in zip(*runs, strict=True):
        means = np.array([measurement.items.mean() for measurement in same])
        value = float(means.mean())
        n = sum(min(len(measurement.items), units) for measurement in same)
        around = wilson(min(1.0, max(0.0, value)), n, confidence=_CONFIDENCE)
        half = 3.9 * float(means.std(ddof=1)) / math.sqrt(permutations) if permutations > 1 else 0.0
        low, high = min(around.low, value - half), max(around.high, value + half)
        chance = same[0].chance
        metrics.append(Metric(same[0].name, value, n, low, high, chance, note=f"{permutations} shuffles; 99.9 %"))
        if not low <= chance <= high:
            failed.append(same[0].name)
    return Control(tuple(metrics), tuple(failed))

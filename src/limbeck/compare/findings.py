"""`findings`: which arms help, by how much, and what the comparison could not have told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from limbeck.compare.arms import Comparison
from limbeck.core.errors import UsageError, unknown
from limbeck.evaluation.best_set import BestSet, best_set
from limbeck.evaluation.few_seeds import cautious
from limbeck.evaluation.holm import holm
from limbeck.evaluation.intervals import RESAMPLES, Difference, seeded_difference
from limbeck.evaluation.power import smallest_effect

BETTER, WORSE, UNCERTAIN = "better", "worse", "not distinguishable"
UNJUDGED = "not judged"


@dataclass(frozen=True)
class Mean:
    """One arm on its own.

    Args:
        value: mean over seeds and items.
        low: lower end of the interval over both.
        high: upper end.
        by_seed: the mean of every seed, in order.
    """

    value: float
    low: float
    high: float
    by_seed: tuple[float, ...]


@dataclass(frozen=True)
class Finding:
    """One arm against the reference.

    Args:
        arm: its name.
        difference: arm minus reference, paired by seed and item, with its own (uncorrected) interval.
        p: of the difference, corrected by Holm over all arms; with fewer than five seeds by a longer tail (`FewSeeds`).
        verdict: `better`, `worse` or `not distinguishable`, by the corrected p and the metric's direction; `not judged`
            of one seed.
        smallest: the difference that this design would have seen with the stated power at the corrected level.

    One seed has neither `p` nor `smallest`: they are NaN.
    """

    arm: str
    difference: Difference
    p: float
    verdict: str
    smallest: float


@dataclass(frozen=True)
class Findings:
    """Everything that one metric says about the arms.

    Args:
        metric: its name.
        reference: the arm that all others are held against.
        higher_is_better: direction.
        means: every arm, the reference included.
        arms: the others, in order.
        best: the arms that may be the best, and who rules out the others.
        pairs: (one, other) -> one minus other, of all pairs of arms.
        seeds: number of seeds.
        items: number of test items.
        level: probability of a false alarm over all arms.
        power: of `smallest`.
    """

    metric: str
    reference: str
    higher_is_better: bool
    means: Mapping[str, Mean]
    arms: tuple[Finding, ...]
    best: BestSet
    pairs: Mapping[tuple[str, str], Difference]
    seeds: int
    items: int
    level: float
    power: float

    def get(self, arm: str) -> Finding:
        """One arm by name."""
        for finding in self.arms:
            if finding.arm == arm:
                return finding
        raise UsageError(unknown("arm", arm, [finding.arm for finding in self.arms]))

    def gain(self, one: str, other: str) -> Difference:
        """One minus other of any two arms."""
        return _of(self.pairs, one, other)

    @property
    def is_share(self) -> bool:
        """Whether the metric is a share of one, shown in per cent."""
        return _shares(self.means)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "metric": self.metric,
            "reference": self.reference,
            "higher_is_better": self.higher_is_better,
            "seeds": self.seeds,
            "items": self.items,
            "level": self.level,
            "power": self.power,
            "means": {arm: asdict(mean) for arm, mean in self.means.items()},
            "against reference": {
                one.arm: {
                    "difference": asdict(one.difference),
                    "p corrected": one.p,
                    "verdict": one.verdict,
                    "smallest effect": one.smallest,
                }
                for one in self.arms
            },
            "may be best": list(self.best.arms),
            "ruled out by": dict(self.best.beaten),
        }


def findings(
    items: Mapping[str, Sequence[ArrayLike]],
    *,
    metric: str,
    reference: str,
    higher_is_better: bool = True,
    level: float = 0.05,
    power: float = 0.8,
    resamples: int = RESAMPLES,
) -> Findings:
    """Hold every arm against the reference, and find the arms that may be the best.

    Two families of questions, each wrong anywhere with a probability of at most `level`: "does it differ from the
    reference?" over all arms (Holm), and "is it surely not the best?" over the rivals of each arm (`best_set`). An arm
    that loses to the reference is not the best either, so that the two answers never contradict each other.

    Args:
        items: arm -> for each seed the per-item values; all arms have the same seeds and items, in the same order.
        metric: what the values are.
        reference: the arm that the others are held against.
        higher_is_better: direction of the metric.
        level: of each family.
        power: of the smallest effect.
        resamples: bootstrap draws of the items.

    Raises:
        UsageError: fewer than two arms, an unknown reference, or arms whose seeds or items differ.
    """
    if len(items) < 2:
        raise UsageError(f"a comparison needs two arms or more, got {', '.join(items) or 'none'}")
    if reference not in items:
        raise UsageError(unknown("reference", reference, list(items)))
    tables = {arm: [np.asarray(one, dtype=np.float64) for one in values] for arm, values in items.items()}
    for arm, values in tables.items():
        if [one.shape for one in values] != [one.shape for one in tables[reference]]:
            raise UsageError(
                f"{arm} has {_sizes(values)} and {reference} {_sizes(tables[reference])}; arms are compared in pairs"
            )
    seen = {
        (one, other): seeded_difference(tables[one], tables[other], resamples=resamples)
        for other, one in combinations(tables, 2)
    }
    tested = {(one, other): cautious(tables[one], tables[other], gain) for (one, other), gain in seen.items()}
    others = [arm for arm in tables if arm != reference]
    seeds = len(tables[reference])
    means = {arm: _mean(values, resamples) for arm, values in tables.items()}
    most = 1.0 if _shares(means) else math.inf  # two shares are never further apart
    against = {arm: _within(_of(seen, arm, reference), most) for arm in others}
    corrected = holm({arm: _of(tested, arm, reference).p for arm in others})
    found = [
        Finding(
            arm,
            against[arm],
            corrected[arm],
            _verdict(against[arm].value, corrected[arm], level, higher_is_better=higher_is_better),
            min(
                most,
                smallest_effect(
                    tables[arm], tables[reference], level=level / len(others), power=power, resamples=resamples
                ),
            ),
        )
        for arm in others
    ]
    best = best_set(tested if higher_is_better else {pair: _turned(one) for pair, one in tested.items()}, level=level)
    if seeds == 1:
        found = [replace(one, p=math.nan, verdict=UNJUDGED, smallest=math.nan) for one in found]
        best = BestSet(tuple(tables), {})
    lost = {one.arm: reference for one in found if one.verdict == WORSE and one.arm in best.arms}
    return Findings(
        metric,
        reference,
        higher_is_better,
        means,
        tuple(found),
        BestSet(tuple(arm for arm in tables if arm in best.arms and arm not in lost), {**best.beaten, **lost}),
        seen,
        seeds,
        len(tables[reference][0]),
        level,
        power,
    )


def _shares(means: Mapping[str, Mean]) -> bool:
    return all(0 <= value <= 1 for mean in means.values() for value in mean.by_seed)


def _within(found: Difference, most: float) -> Difference:
    return replace(found, low=max(-most, found.low), high=min(most, found.high))


def findings_of(
    comparison: Comparison, metric: str, *, reference: str, level: float = 0.05, power: float = 0.8
) -> Findings:
    """`findings` of one metric of a finished comparison; the teacher is not an arm."""
    metrics = {arm: [one.get(metric) for one in comparison.measured(arm)] for arm in comparison.runs}
    return findings(
        {arm: [one.items for one in found] for arm, found in metrics.items()},
        metric=metric,
        reference=reference,
        higher_is_better=next(iter(metrics.values()))[0].higher_is_better,
        level=level,
        power=power,
    )


def _verdict(value: float, p: float, level: float, *, higher_is_better: bool) -> str:
    if p > level or value == 0:
        return UNCERTAIN
    return BETTER if (value > 0) is higher_is_better else WORSE


def _mean(values: Sequence[np.ndarray], resamples: int) -> Mean:
    found = seeded_difference(values, [np.zeros_like(one) for one in values], resamples=resamples)
    low, high = found.low, found.high
    if all(one.min() >= 0 and one.max() <= 1 for one in values):
        low, high = max(0.0, low), min(1.0, high)
    return Mean(found.value, low, high, tuple(float(one.mean()) for one in values))


def _of(pairs: Mapping[tuple[str, str], Difference], one: str, other: str) -> Difference:
    return pairs[one, other] if (one, other) in pairs else _turned(pairs[other, one])


def _turned(difference: Difference) -> Difference:
    return Difference(
        -difference.value + 0.0,
        -difference.high + 0.0,
        -difference.low + 0.0,
        difference.items,
        difference.seeds,
        difference.p,
        difference.error,
    )


def _sizes(values: Sequence[np.ndarray]) -> str:
    sizes = sorted({one.size for one in values})
    return f"{len(values)} seeds of {', '.join(map(str, sizes))} items"

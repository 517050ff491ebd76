"""`smallest_effect`: what a comparison of this size could have seen."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from limbeck.evaluation.few_seeds import FewSeeds
from limbeck.evaluation.intervals import RESAMPLES, seeded_difference


def smallest_effect(
    first: Sequence[ArrayLike],
    second: Sequence[ArrayLike],
    *,
    level: float = 0.05,
    power: float = 0.8,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> float:
    """The difference that would have been called one with probability `power`, given the spread that was observed.

    Half of the interval at `1 - level`, plus half of the interval at `2 power - 1`: the truth has to lie so far from
    zero that the interval, wherever it comes to lie, seldom reaches back. With fewer than five seeds the first half is
    at least what `FewSeeds` asks for, as the p-values of a family are.

    Args:
        first: for each seed, the per-item values of one arm.
        second: the same seeds of the other arm.
        level: two-sided; already divided where several questions are asked.
        power: in (0.5, 1).
        resamples: bootstrap draws.
        seed: of the draws.

    Returns:
        At least 0, in the metric's own unit. With one seed the spread over seeds is missing from it.
    """
    wide, narrow = (
        seeded_difference(first, second, confidence=confidence, resamples=resamples, seed=seed)
        for confidence in (1 - level, 2 * power - 1)
    )
    tail = FewSeeds.of(first, second, wide)
    asked = max((wide.high - wide.low) / 2, tail.reach(level) if tail is not None else 0.0)
    return asked + (narrow.high - narrow.low) / 2

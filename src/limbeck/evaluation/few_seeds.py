"""`FewSeeds`: the tail of a difference of two to four seeds, where several questions are asked at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limbeck.evaluation.intervals import Difference

ENOUGH = 5  # from so many seeds on the interval's own tail is good enough, and sees more
_POINTS, _DEEP = 150, 30.0


@dataclass(frozen=True)
class FewSeeds:
    """The fiducial tail of Behrens and Fisher: `p(v) = E_w 2 Phi(-|v| / sqrt(b + a / w))`, `w ~ chi2(S - 1) / (S - 1)`.

    Use when p-values are corrected for several questions: Holm's first step over m arms asks for the tail at 5 % / m.
    `seeded_difference` mixes this tail with a shorter one so that 95 % intervals hold the truth in 95 % of cases;
    further out the shorter one errs too often. This one never does, at any depth; it is too long where the seeds
    matter little. `docs/lab/statistics.md` has the simulations.

    Args:
        over_seeds: variance of the mean that the seeds bring, `a`.
        own: variance that the items bring, `b`.
        seeds: number of seeds, at least 2.

    Source: Behrens 1929; Fisher 1935.

    >>> round(FewSeeds(over_seeds=1.0, own=0.0, seeds=3).p(4.303), 3)
    0.05
    """

    over_seeds: float
    own: float
    seeds: int

    @classmethod
    def of(cls, first: Sequence[ArrayLike], second: Sequence[ArrayLike], difference: Difference) -> FewSeeds | None:
        """That of a difference; None where the seeds are enough, only one, or nothing differs at all."""
        if not 2 <= len(first) < ENOUGH or not difference.error > 0:
            return None
        by_seed = [np.mean(np.asarray(one) - np.asarray(two)) for one, two in zip(first, second, strict=True)]
        over_seeds = float(np.var(by_seed, ddof=1)) / len(first)
        return cls(over_seeds, max(0.0, difference.error**2 - over_seeds), len(first))

    def p(self, value: float) -> float:
        """Two-sided p-value of a mean difference."""
        parts, shares = _spread(self.seeds - 1)
        errors = np.sqrt(2 * (self.own + self.over_seeds / parts)).tolist()
        tails = [math.erfc(abs(value) / error) if error else float(value == 0) for error in errors]
        return min(1.0, float(shares @ np.array(tails)))

    def reach(self, level: float) -> float:
        """The mean difference whose p-value is `level`."""
        low, high = 0.0, math.sqrt(self.own + self.over_seeds)
        while self.p(high) > level:
            high *= 2
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.p(middle) > level else (low, middle)
        return high


def cautious(first: Sequence[ArrayLike], second: Sequence[ArrayLike], difference: Difference) -> Difference:
    """The difference with a p-value that may be corrected for several questions: never below its own."""
    tail = FewSeeds.of(first, second, difference)
    return difference if tail is None else replace(difference, p=max(difference.p, tail.p(difference.value)))


@lru_cache(maxsize=8)
def _spread(free: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values of `chi2(free) / free`, and how likely each is; evenly spread on the logarithm."""
    logs = np.linspace(-_DEEP / free, math.log(2 * _DEEP / free), _POINTS)
    density = np.exp(free / 2 * (logs - np.exp(logs)))
    return np.exp(logs), density / density.sum()

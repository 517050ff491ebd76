"""Intervals: how far a number measured on these items (and these seeds) can be trusted.

Everything is deterministic (fixed seed) and does not depend on the order of the items: they are sorted, and a resample
is how often each of them is drawn. The counts are kept between calls, so 5,000 resamples cost milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limbeck.core.errors import UsageError

Floats = NDArray[np.float64]
RESAMPLES = 5000
CONFIDENCE = 0.95
_NORMAL = NormalDist()
_CHUNK, _FEW = 1 << 21, 64
_TIMES = 8  # draws of the seeds' error a resample of the items: the tails of Student's t are long


@dataclass(frozen=True)
class Interval:
    """Lower and upper end."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Difference:
    """First minus second, on the same items and seeds.

    Args:
        value: mean difference.
        low: lower end.
        high: upper end.
        items: number of items.
        seeds: number of seeds; with 1 the spread over seeds is not in the interval.
        p: two-sided; below 1 - confidence where the interval leaves zero out.
        error: standard error of the value.
    """

    value: float
    low: float
    high: float
    items: int
    seeds: int = 1
    p: float = math.nan
    error: float = math.nan

    @property
    def distinguishable(self) -> bool:
        """Whether zero lies outside the interval."""
        return self.low > 0 or self.high < 0

    @property
    def verdict(self) -> str:
        """`better`, `worse` or `not distinguishable` (where more is better)."""
        return "not distinguishable" if not self.distinguishable else "better" if self.low > 0 else "worse"


def wilson(share: float, n: int, *, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a proportion; stays inside [0, 1] and is honest at 0 and at 1.

    Args:
        share: successes / n, in [0, 1]; may be fractional (ties).
        n: trials, at least 1.
        confidence: in (0, 1).

    Source: Wilson 1927.

    >>> [round(end, 3) for end in (wilson(0.5, 100).low, wilson(0.5, 100).high)]
    [0.404, 0.596]
    """
    if n < 1 or not 0 <= share <= 1:
        raise UsageError(f"a proportion needs n >= 1 and a share in [0, 1], got n={n} and share={share}")
    z = _NORMAL.inv_cdf((1 + confidence) / 2)
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)))


def mean_interval(
    items: ArrayLike, *, confidence: float = CONFIDENCE, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Bootstrap interval of a mean: bias-corrected, accelerated (BCa), expanded for small samples.

    Items that are all equal say nothing of their spread: then it is Wilson's interval, for items in [0, 1].

    Args:
        items: one value an item.
        confidence: in (0, 1).
        resamples: bootstrap draws.
        seed: of the draws.

    Source: Efron 1987; Hesterberg 2015 (arXiv 1411.5279) for the expansion.
    """
    values = np.sort(_items(items))
    mean = float(values.mean())
    if float(np.ptp(values)) < 1e-12:
        return wilson(mean, len(values), confidence=confidence) if 0 <= mean <= 1 else Interval(mean, mean)
    return _bca(values, mean, _resampled_means(values, resamples, seed), confidence)


def paired_difference(
    first: ArrayLike, second: ArrayLike, *, confidence: float = CONFIDENCE, resamples: int = RESAMPLES, seed: int = 0
) -> Difference:
    """Mean of `first - second` over the same items, with its BCa bootstrap interval.

    Args:
        first: per-item values of one model.
        second: those of the other, in the same order.
        confidence: in (0, 1).
        resamples: bootstrap draws.
        seed: of the draws.
    """
    one, two = _items(first), _items(second)
    if one.shape != two.shape:
        raise UsageError(f"a paired difference needs the same items, got {len(one)} and {len(two)}")
    values = np.sort(one - two)
    mean = float(values.mean())
    if float(np.ptp(values)) < 1e-12:
        # no item differs from another: the rule of three (at 95 %) is what n equal items can promise
        slack = -math.log(1 - confidence) / len(values)
        return Difference(mean, mean - slack, mean + slack, len(values), 1, math.exp(-abs(mean) * len(values)), 0.0)
    means = _resampled_means(values, resamples, seed)
    found = _bca(values, mean, means, confidence)
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    return Difference(mean, found.low, found.high, len(values), 1, _bca_p(values, mean, means), error)


def seeded_difference(
    first: Sequence[ArrayLike],
    second: Sequence[ArrayLike],
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """Hierarchical interval of a paired difference over seeds and items.

    `d[s, i] = mean + seed_s + item_i + rest_si`, so `var(mean) = a + b` with `a = var_s(mean_i d) / S` and
    `b = max(0, var_i(mean_s d) - var(rest) / S) / n`; the rest is counted once, with the seeds. A draw resamples the
    items (the same for every seed), narrows them to b, and adds a normal error of variance a for the seeds. Few seeds
    hardly know a, so a draw is widened as Student's t is: in a share `sqrt(a / (a + b))` of the draws the seeds' error
    alone, with S - 1 degrees of freedom (too wide where the seeds matter little), in the others the whole, with Welch
    and Satterthwaite's degrees of freedom (too narrow where the seeds matter most).

    Resampling the seeds as well covers the truth far less often than it says: 3 seeds have only 10 different resamples.
    `docs/lab/statistics.md` has the simulations.

    Args:
        first: for each seed, the per-item values of one arm.
        second: the same seeds of the other arm.
        confidence: in (0, 1).
        resamples: bootstrap draws.
        seed: of the draws.
    """
    if len(first) != len(second) or not first:
        raise UsageError(f"a paired difference needs the same seeds, got {len(first)} and {len(second)}")
    if len(first) == 1:
        return paired_difference(first[0], second[0], confidence=confidence, resamples=resamples, seed=seed)
    one, two = (np.stack([_items(values) for values in arm]) for arm in (first, second))
    if one.shape != two.shape:
        raise UsageError(f"a paired difference needs the same items, got {one.shape[1]} and {two.shape[1]}")
    table = one - two
    seeds, n = table.shape
    if float(np.ptp(table)) < 1e-12:
        return replace(paired_difference(table[0], np.zeros(n), confidence=confidence), seeds=seeds)
    by_seed, by_item = table.mean(axis=1), table.mean(axis=0)
    rest = table - by_seed[:, None] - by_item[None, :] + table.mean()
    noise = float((rest**2).sum()) / max(1, (seeds - 1) * (n - 1))
    own = max(0.0, float(by_item.var(ddof=1)) - noise / seeds) / n if n > 1 else 0.0
    over_seeds = float(by_seed.var(ddof=1)) / seeds
    if own + over_seeds < 1e-18:  # few items whose differences cancel under every seed
        return replace(paired_difference(by_item, np.zeros(n), confidence=confidence), seeds=seeds)
    mean, draws = float(table.mean()), _resampled_means(by_item, resamples, seed)
    # shape from the resamples, centre and spread from the items: so many draws know those less well than the items do
    draws = np.tile((draws - draws.mean()) * (math.sqrt(own) / max(float(draws.std()), 1e-300)), _TIMES)
    free = (own + over_seeds) ** 2 / (over_seeds**2 / (seeds - 1) + own**2 / max(1, n - 1))
    alone = round(math.sqrt(over_seeds / (own + over_seeds)) * len(draws))
    generator = np.random.default_rng(seed + 1)
    error = generator.normal(0.0, math.sqrt(over_seeds), len(draws))
    error[:alone] *= np.sqrt((seeds - 1) / generator.chisquare(seeds - 1, alone))
    draws += error
    draws[alone:] *= np.sqrt(free / generator.chisquare(free, len(draws) - alone))
    draws += mean
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Difference(mean, float(low), float(high), n, seeds, _share_p(draws), math.sqrt(own + over_seeds))


def _share_p(draws: Floats) -> float:
    """Twice the smaller share of the draws on one side of zero; never below what so many draws can show."""
    side = min(float((draws <= 0).sum()), float((draws >= 0).sum()))
    return min(1.0, 2 * max(side, 1.0) / len(draws))


def _items(values: ArrayLike) -> Floats:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or not len(found) or not np.isfinite(found).all():
        raise UsageError(f"an interval needs a list of finite values, got shape {found.shape}")
    # rounded, so that sums taken in another row order are still the same distinct values
    return np.round(found, 12)


def _resampled_means(values: Floats, resamples: int, seed: int) -> Floats:
    ordered = np.sort(values)  # so that the order of the items plays no part
    step = max(1, _CHUNK // len(ordered))
    if resamples <= step:
        return _drawn(len(ordered), resamples, seed) @ ordered / len(ordered)
    # too many items to keep their counts; values that come often (hits and misses) are drawn together
    generator = np.random.default_rng(seed)
    distinct, counts = np.unique(ordered, return_counts=True)
    if len(distinct) <= _FEW:
        return generator.multinomial(len(values), counts / len(values), size=resamples) @ distinct / len(values)
    sizes = [min(step, resamples - start) for start in range(0, resamples, step)]
    return np.concatenate(
        [ordered[generator.integers(0, len(ordered), (size, len(ordered)))].mean(1) for size in sizes]
    )


@lru_cache(maxsize=4)
def _drawn(n: int, resamples: int, seed: int) -> Floats:
    """How often each of n items is in each resample."""
    places = np.random.default_rng(seed).integers(0, n, size=(resamples, n)) + n * np.arange(resamples)[:, None]
    return np.bincount(places.ravel(), minlength=resamples * n).reshape(resamples, n).astype(np.float64)


def _bca(values: Floats, mean: float, means: Floats, confidence: float) -> Interval:
    bias, acceleration = _bias(mean, means), _acceleration(values)
    ends = []
    for tail in ((1 - confidence) / 2, (1 + confidence) / 2):
        z = bias + _expanded(_NORMAL.inv_cdf(tail), len(values))
        ends.append(_NORMAL.cdf(bias + z / (1 - acceleration * z)))
    low, high = np.quantile(means, ends)
    return Interval(float(low), float(high))


def _bca_p(values: Floats, mean: float, means: Floats) -> float:
    """The p-value at which one end of `_bca` reaches zero: its steps backwards."""
    bias, acceleration = _bias(mean, means), _acceleration(values)
    share = float(((means < -1e-12).mean() + (means <= 1e-12).mean()) / 2)
    slack = 1 / len(means)
    moved = _NORMAL.inv_cdf(min(max(share, slack), 1 - slack)) - bias
    wanted = moved / (1 + acceleration * moved) - bias
    low, high = -9.0, 9.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _expanded(middle, len(values)) < wanted else (low, middle)
    return min(1.0, 2 * _NORMAL.cdf(-abs(low)))


def _bias(mean: float, means: Floats) -> float:
    # half of the ties; the slack keeps a sum's last bit from deciding what a tie is
    below = float(((means < mean - 1e-12).mean() + (means <= mean + 1e-12).mean()) / 2)
    return _NORMAL.inv_cdf(min(max(below, 1e-6), 1 - 1e-6))


def _acceleration(values: Floats) -> float:
    centred = values - values.mean()
    return float((centred**3).sum()) / (6 * float((centred**2).sum()) ** 1.5)


def _expanded(z: float, n: int) -> float:
    """Student's quantile (three terms of Cornish and Fisher's series) times sqrt(n / (n - 1)).

    A resample's variance is short by (n - 1) / n and unknown itself: without this, small sets cover too seldom.
    """
    free = max(n - 1, 4)
    student = z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free * free)
    return student * math.sqrt((free + 1) / free)

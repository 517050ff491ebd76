"""Intervals: how far a number measured on these items (and these seeds) can be trusted.

Everything is deterministic (fixed seed) and does not depend on the order of the items: a resample is drawn as
counts of the distinct values, which is also what makes 5,000 resamples cost milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from limbeck.core.errors import UsageError

Floats = NDArray[np.float64]
RESAMPLES = 5000
CONFIDENCE = 0.95
_NORMAL = NormalDist()
_CHUNK = 1 << 22


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
    """

    value: float
    low: float
    high: float
    items: int
    seeds: int = 1

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
    values = _items(items)
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
    values = one - two
    mean = float(values.mean())
    if float(np.ptp(values)) < 1e-12:
        # no item differs from another: the rule of three is what n equal items can promise
        slack = 3 / len(values)
        return Difference(mean, mean - slack, mean + slack, len(values))
    found = _bca(values, mean, _resampled_means(values, resamples, seed), confidence)
    return Difference(mean, found.low, found.high, len(values))


def seeded_difference(
    first: Sequence[ArrayLike],
    second: Sequence[ArrayLike],
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Difference:
    """Hierarchical interval of a paired difference over seeds and items.

    `d[s, i] = mean + seed_s + item_i + rest_si`: the items (the same for every seed) are resampled, and to each
    resample the error of the mean over seeds is added. That error is drawn from Student's t with S - 1 degrees of
    freedom: resampling 3 seeds knows only 10 different draws and covers the truth far less often than it says.

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
    # the items' resampling already holds noise / (seeds * n); what is left is the seeds' own
    own = max(0.0, float(by_seed.var(ddof=1)) - noise / n)
    generator = np.random.default_rng(seed + 1)
    draws = _resampled_means(by_item, resamples, seed)
    draws = draws + generator.standard_t(seeds - 1, resamples) * math.sqrt(own / seeds)
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Difference(float(table.mean()), float(low), float(high), n, seeds)


def _items(values: ArrayLike) -> Floats:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or not len(found) or not np.isfinite(found).all():
        raise UsageError(f"an interval needs a list of finite values, got shape {found.shape}")
    # rounded, so that sums taken in another row order are still the same distinct values
    return np.round(found, 12)


def _resampled_means(values: Floats, resamples: int, seed: int) -> Floats:
    generator = np.random.default_rng(seed)
    distinct, counts = np.unique(values, return_counts=True)
    means = []
    step = max(1, _CHUNK // len(distinct))
    for start in range(0, resamples, step):
        drawn = generator.multinomial(len(values), counts / len(values), size=min(step, resamples - start))
        means.append(drawn @ distinct / len(values))
    return np.concatenate(means)


def _bca(values: Floats, mean: float, means: Floats, confidence: float) -> Interval:
    # half of the ties; the slack keeps a sum's last bit from deciding what a tie is
    below = float(((means < mean - 1e-12).mean() + (means <= mean + 1e-12).mean()) / 2)
    bias = _NORMAL.inv_cdf(min(max(below, 1e-6), 1 - 1e-6))
    centred = values - mean
    acceleration = float((centred**3).sum()) / (6 * float((centred**2).sum()) ** 1.5)
    ends = []
    for tail in ((1 - confidence) / 2, (1 + confidence) / 2):
        z = bias + _expanded(_NORMAL.inv_cdf(tail), len(values))
        ends.append(_NORMAL.cdf(bias + z / (1 - acceleration * z)))
    low, high = np.quantile(means, ends)
    return Interval(float(low), float(high))


def _expanded(z: float, n: int) -> float:
    """Student's quantile (three terms of Cornish and Fisher's series) times sqrt(n / (n - 1)).

    A resample's variance is short by (n - 1) / n and unknown itself: without this, small sets cover too seldom.
    """
    free = max(n - 1, 4)
    student = z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free * free)
    return student * math.sqrt((free + 1) / free)

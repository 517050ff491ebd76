from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest, bootstrap

from limbeck.core.errors import UsageError
from limbeck.evaluation.intervals import mean_interval, paired_difference, seeded_difference, wilson


def test_wilson_agrees_with_scipy() -> None:
    for hits, n in ((0, 10), (3, 10), (125, 250), (250, 250)):
        truth = binomtest(hits, n).proportion_ci(0.95, method="wilson")
        found = wilson(hits / n, n)
        assert (found.low, found.high) == pytest.approx((truth.low, truth.high), abs=1e-12)


def test_wilson_never_ends_at_certainty() -> None:
    assert wilson(1.0, 50).low == pytest.approx(50 / (50 + 1.959964**2), abs=1e-6)
    assert wilson(0.0, 50).high == pytest.approx(1 - 50 / (50 + 1.959964**2), abs=1e-6)
    with pytest.raises(UsageError):
        wilson(0.5, 0)


def test_bca_agrees_with_scipy() -> None:
    values = np.random.default_rng(2).exponential(size=80) / 5
    truth = bootstrap((values,), np.mean, n_resamples=20_000, rng=np.random.default_rng(0)).confidence_interval
    found = mean_interval(values, resamples=20_000)
    assert (found.low, found.high) == pytest.approx((truth.low, truth.high), rel=0.01)


def test_mean_interval_is_fixed_and_blind_to_order() -> None:
    values = np.random.default_rng(0).random(60)
    assert mean_interval(values) == mean_interval(values[::-1]) == mean_interval(values)
    assert mean_interval(values) != mean_interval(values, seed=1)


def test_equal_items_do_not_promise_certainty() -> None:
    assert mean_interval(np.ones(40)) == wilson(1.0, 40)
    same = paired_difference(np.ones(40), np.ones(40))
    assert not same.distinguishable
    assert same.high == pytest.approx(3 / 40, rel=0.01)  # the rule of three
    assert (same.p, paired_difference(np.ones(40), np.zeros(40)).p < 1e-6) == (1, True)


def test_pairing_narrows() -> None:
    generator = np.random.default_rng(0)
    base = generator.random(200)
    better = base + 0.02 + 0.01 * generator.normal(size=200)
    found = paired_difference(better, base)
    assert found.verdict == "better"
    assert found.high - found.low < 0.01
    assert paired_difference(base, better).verdict == "worse"
    assert paired_difference(base, generator.permutation(better)).verdict == "not distinguishable"
    with pytest.raises(UsageError, match="same items"):
        paired_difference(base, better[:-1])


def test_spread_over_seeds_widens() -> None:
    generator = np.random.default_rng(0)
    base = generator.random(200)
    noise = 0.02 * generator.normal(size=(3, 200))
    steady = seeded_difference([base + 0.05 + row for row in noise], [base] * 3)
    wild = seeded_difference(
        [base + shift + row for shift, row in zip((0.0, 0.05, 0.1), noise, strict=True)], [base] * 3
    )
    assert steady.value == pytest.approx(wild.value)
    assert steady.verdict == "better"
    assert wild.verdict == "not distinguishable"
    assert (wild.seeds, wild.items) == (3, 200)


def test_few_seeds_get_students_t() -> None:
    """Where items agree, the interval is the t interval of the seeds' means: 4.303 standard errors for three seeds."""
    means = np.array([0.1, 0.2, 0.15])
    found = seeded_difference([np.full(50, mean) for mean in means], [np.zeros(50)] * 3, resamples=40_000)
    half = 4.303 * means.std(ddof=1) / math.sqrt(3)
    assert (found.low, found.high) == pytest.approx((0.15 - half, 0.15 + half), abs=0.01)
    same = seeded_difference([np.ones(40)] * 3, [np.ones(40)] * 3)
    assert (same.seeds, same.distinguishable) == (3, False)
    assert same.high > 0


def test_one_seed_is_the_paired_difference() -> None:
    generator = np.random.default_rng(0)
    one, two = generator.random(50), generator.random(50)
    assert seeded_difference([one], [two]) == paired_difference(one, two)
    with pytest.raises(UsageError, match="same seeds"):
        seeded_difference([one, one], [two])
    with pytest.raises(UsageError, match="finite"):
        mean_interval([0.5, math.nan])


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_p_is_the_level_at_which_the_interval_reaches_zero(seeds: int) -> None:
    """Whatever the difference: at confidence 1 - p one end of the interval is zero."""
    generator = np.random.default_rng(seeds)
    table = 0.1 * generator.normal(size=(seeds, 1)) + generator.exponential(size=(seeds, 40)) - 0.8
    zero = [np.zeros(40)] * seeds
    found = seeded_difference(list(table), zero)
    assert 0.001 < found.p < 0.999
    edge = seeded_difference(list(table), zero, confidence=1 - found.p)
    assert min(abs(edge.low), abs(edge.high)) < 0.01 * (edge.high - edge.low)
    turned = seeded_difference(zero, list(table))
    assert turned.p == pytest.approx(found.p, rel=0.1, abs=0.003)
    assert (turned.value, turned.error) == pytest.approx((-found.value, found.error))


def test_the_error_is_that_of_a_crossed_design() -> None:
    """By hand: rows 1, 3 and 2, 8 have seed means 2 and 5, item means 1.5 and 5.5, and a rest of (+-1), variance 4."""
    found = seeded_difference([np.array([1.0, 3.0]), np.array([2.0, 8.0])], [np.zeros(2)] * 2)
    seeds, items = 4.5 / 2, (8.0 - 4 / 2) / 2
    assert (found.value, found.error) == pytest.approx((3.5, math.sqrt(seeds + items)))


def test_many_items_are_drawn_alike() -> None:
    """Above the size whose counts are kept, values that are equal are drawn together: the same but for luck."""
    values = (np.random.default_rng(0).random(3000) < 0.3).astype(float)
    few, many = mean_interval(values, resamples=600), mean_interval(values)
    assert (few.low, few.high) == pytest.approx((many.low, many.high), abs=0.003)


def coverage(trial: Callable[[np.random.Generator], bool], runs: int) -> float:
    generator = np.random.default_rng(11)
    return float(np.mean([trial(generator) for _ in range(runs)]))


def cover_wilson(generator: np.random.Generator) -> bool:
    return 0.3 in wilson(generator.binomial(250, 0.3) / 250, 250)


def cover_mean(generator: np.random.Generator) -> bool:
    return 0.25 in mean_interval(generator.beta(0.5, 1.5, size=120))


def cover_paired(generator: np.random.Generator) -> bool:
    one = generator.random(250) < 0.5
    two = np.where(generator.random(250) < 0.7, one, generator.random(250) < 0.3)
    found = paired_difference(one, two)
    return found.low <= 0.3 * 0.2 <= found.high


def cover_seeded(seeds: int, spread: float) -> Callable[[np.random.Generator], bool]:
    def trial(generator: np.random.Generator) -> bool:
        table = 0.1 + spread * generator.normal(size=(seeds, 1)) + 0.3 * generator.normal(size=(1, 150))
        table = table + 0.3 * generator.normal(size=(seeds, 150))
        found = seeded_difference(list(table), list(np.zeros_like(table)), resamples=800)
        return found.low <= 0.1 <= found.high

    return trial


SIMULATIONS = {
    "wilson": cover_wilson,
    "mean": cover_mean,
    "paired": cover_paired,
    "3 seeds, no spread": cover_seeded(3, 0.0),
    "3 seeds": cover_seeded(3, 0.05),
    "5 seeds": cover_seeded(5, 0.05),
}  # whole comparisons are simulated in tests/benchmarks/test_statistics.py


@pytest.mark.parametrize("name", SIMULATIONS)
def test_coverage_quick(name: str) -> None:
    """200 trials: a true 95 % falls below 90 % about once in 500; 200 of 200 excludes nothing."""
    assert 0.9 <= coverage(SIMULATIONS[name], 200) < 1


@pytest.mark.slow
@pytest.mark.parametrize("name", SIMULATIONS)
def test_coverage(name: str) -> None:
    assert 0.93 <= coverage(SIMULATIONS[name], 2000) <= 0.97


def test_resampling_three_seeds_would_not_cover() -> None:
    """Why seeds get Student's t: the plain percentile bootstrap of three seeds covers far less than it says."""

    def trial(generator: np.random.Generator) -> bool:
        means = 0.1 + 0.05 * generator.normal(size=3)
        draws = means[generator.integers(0, 3, size=(1000, 3))].mean(axis=1)
        low, high = np.quantile(draws, [0.025, 0.975])
        return bool(low <= 0.1 <= high)

    assert coverage(trial, 400) < 0.85

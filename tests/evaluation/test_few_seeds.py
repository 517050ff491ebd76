"""The tail that corrected p-values of few seeds come from, against Student, Monte Carlo and hand-made tables."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from limbeck.evaluation.few_seeds import ENOUGH, FewSeeds, cautious
from limbeck.evaluation.intervals import seeded_difference
from limbeck.evaluation.power import smallest_effect


def arms(seeds: int, *, gain: float = 0.0, items: int = 200) -> tuple[list, list]:
    """Seeds and items each bring about half of the variance of the mean."""
    generator = np.random.default_rng(seeds)
    table = generator.normal(size=(seeds, items)) + 2 * generator.normal(size=items)
    table += 0.25 * generator.normal(size=(seeds, 1))
    return list(table - table.mean() + gain), [np.zeros(items)] * seeds


@pytest.mark.parametrize("seeds", [2, 3, 4])
@pytest.mark.parametrize("value", [0.0, 0.5, 3.0, -8.0, 60.0])
def test_without_a_part_of_the_items_it_is_student(seeds: int, value: float) -> None:
    expected = 2 * stats.t.sf(abs(value), seeds - 1)
    assert FewSeeds(1.0, 0.0, seeds).p(value) == pytest.approx(expected, rel=2e-3, abs=1e-6)


def test_without_a_part_of_the_seeds_it_is_normal() -> None:
    assert FewSeeds(0.0, 4.0, 3).p(3.0) == pytest.approx(2 * stats.norm.sf(1.5))
    assert FewSeeds(0.0, 0.0, 3).p(0.0) == 1
    assert FewSeeds(0.0, 0.0, 3).p(0.1) == 0


@pytest.mark.parametrize("seeds", [2, 3, 4])
def test_naive_draws_agree(seeds: int) -> None:
    generator = np.random.default_rng(0)
    draws = 0.7 * generator.normal(size=400_000) + 0.6 * generator.standard_t(seeds - 1, 400_000)
    for value in (0.5, 2.0, 4.0):
        assert FewSeeds(0.36, 0.49, seeds).p(value) == pytest.approx((np.abs(draws) >= value).mean(), abs=0.003)


def test_reach_is_where_p_is_the_level() -> None:
    tail = FewSeeds(0.5, 1.5, 3)
    for level in (0.5, 0.05, 0.05 / 8):
        assert tail.p(tail.reach(level)) == pytest.approx(level, rel=1e-6)


def test_parts_are_those_of_the_difference() -> None:
    first, second = arms(3)
    difference = seeded_difference(first, second)
    tail = FewSeeds.of(first, second, difference)
    assert tail is not None
    assert tail.over_seeds == pytest.approx(np.var([one.mean() for one in first], ddof=1) / 3)
    assert tail.over_seeds + tail.own == pytest.approx(difference.error**2)


@pytest.mark.parametrize("seeds", [1, ENOUGH, 8])
def test_one_seed_and_enough_seeds_keep_their_own_p(seeds: int) -> None:
    first, second = arms(seeds, gain=0.3)
    difference = seeded_difference(first, second)
    assert cautious(first, second, difference) is difference


def test_p_grows_where_few_seeds_matter_and_never_shrinks() -> None:
    first, second = arms(3, gain=1.0)
    difference = seeded_difference(first, second)
    found = cautious(first, second, difference)
    assert found.p > 1.2 * difference.p
    assert (found.value, found.low, found.high) == (difference.value, difference.low, difference.high)
    for gain in np.linspace(-1, 1, 9):
        first, second = arms(4, gain=gain)
        difference = seeded_difference(first, second)
        assert cautious(first, second, difference).p >= difference.p


def test_equal_arms_have_no_tail() -> None:
    same = [np.tile([0.0, 1.0], 50)] * 3
    difference = seeded_difference(same, same)
    assert cautious(same, same, difference) is difference


def test_what_could_be_seen_takes_the_longer_tail() -> None:
    first, second = arms(3)
    tail = FewSeeds.of(first, second, seeded_difference(first, second))
    assert tail is not None
    level = 0.05 / 3
    wide, narrow = (seeded_difference(first, second, confidence=share) for share in (1 - level, 0.6))
    assert tail.reach(level) > 1.05 * (wide.high - wide.low) / 2
    expected = tail.reach(level) + (narrow.high - narrow.low) / 2
    assert smallest_effect(first, second, level=level) == pytest.approx(expected)

from __future__ import annotations

import math

import numpy as np
import pytest

from limbeck.evaluation.power import smallest_effect


def noisy(seeds: int, items: int, *, luck: float = 0.0) -> list[np.ndarray]:
    generator = np.random.default_rng(1)
    table = generator.normal(size=(seeds, items)) + luck * generator.normal(size=(seeds, 1))
    return list(table - table.mean())


def test_one_seed_is_the_textbook() -> None:
    """(z_0.975 + z_0.8) standard errors: 2.80."""
    values = noisy(1, 2000)
    expected = (1.95996 + 0.84162) * values[0].std(ddof=1) / math.sqrt(2000)
    assert smallest_effect(values, [np.zeros(2000)]) == pytest.approx(expected, rel=0.04)


def test_more_questions_more_power_fewer_items_and_wilder_seeds_need_a_larger_effect() -> None:
    zero = [np.zeros(200)] * 5
    base = smallest_effect(noisy(5, 200), zero)
    assert smallest_effect(noisy(5, 200), zero, level=0.05 / 4) > 1.1 * base
    assert smallest_effect(noisy(5, 200), zero, power=0.95) > 1.1 * base
    assert smallest_effect(noisy(1, 50), [np.zeros(50)]) > 1.5 * smallest_effect(noisy(1, 200), zero[:1])
    assert smallest_effect(noisy(5, 200, luck=0.3), zero) > 1.5 * base
    assert smallest_effect(noisy(3, 200, luck=0.3), zero[:3]) > smallest_effect(noisy(10, 200, luck=0.3), zero * 2)


def test_the_effect_that_is_there_plays_no_part() -> None:
    values = noisy(5, 200)
    moved = [one + 0.7 for one in values]
    zero = [np.zeros(200)] * 5
    assert smallest_effect(moved, zero) == pytest.approx(smallest_effect(values, zero))

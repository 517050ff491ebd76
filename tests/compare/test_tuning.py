"""The space of validation trials: the same effort for every arm, the same learning rates, known beforehand."""

from __future__ import annotations

import math

import pytest

from compare import worlds
from limbeck.compare.tuning import Settings, apply_settings, best_trial, candidates
from limbeck.core.recipe import Recipe
from limbeck.schedules.linear import LinearSchedule


def rates(recipe: Recipe, count: int) -> list[float]:
    return [one.learning_rate for one in candidates(recipe, count)]


def test_trial_0_is_the_arm_as_it_is():
    for arm in worlds.arms().values():
        assert candidates(arm, 1) == [Settings()]
        assert apply_settings(arm, Settings()) == arm


def test_every_arm_tries_the_same_learning_rates_and_more_trials_begin_with_the_same():
    first, second = worlds.arms().values()
    assert rates(first, 8) == rates(second, 8)
    assert candidates(second, 8)[:5] == candidates(second, 5)


def test_halton_by_hand():
    """Place 2, 3, 4 in base 2 are 0.01, 0.11, 0.001: 1/4, 3/4, 1/8; in base 3 places 1, 2, 3 are 1/3, 2/3, 1/9."""
    arm = worlds.arms()["distilled"]  # two terms: the second one's weight is tried
    found = candidates(arm, 4)[1:]
    assert [math.log2(one.learning_rate) for one in found] == pytest.approx([-1, 1, -1.5])
    name = f"student.{[*arm.stages[0].terms][1]}"
    assert [math.log2(one.weights[name]) for one in found] == pytest.approx([4 * x - 2 for x in (1 / 3, 2 / 3, 1 / 9)])


def test_factors_stay_between_a_quarter_and_four():
    for one in candidates(worlds.arms()["distilled"], 200):
        assert all(0.25 < factor < 4 or factor == 1 for factor in (one.learning_rate, *one.weights.values()))


def test_settings_multiply_rates_and_weights_and_leave_schedules():
    from dataclasses import replace

    arm = worlds.arms()["distilled"]
    stage = arm.stages[0]
    one, two = stage.terms
    scheduled = replace(stage.terms[two], weight=LinearSchedule(10, start=0.0, end=1.0))
    found = apply_settings(arm, Settings(2.0, {f"student.{two}": 0.5}))
    assert found.stages[0].optimisation.learning_rate == 2 * stage.optimisation.learning_rate
    assert found.stages[0].terms[two].weight == 0.5 * stage.terms[two].weight
    assert found.stages[0].terms[one] == stage.terms[one]
    other = replace(arm, stages=(replace(stage, terms={one: stage.terms[one], two: scheduled}),))
    assert candidates(other, 2)[1].weights == {}
    assert apply_settings(other, Settings(1.0, {f"student.{two}": 0.5})).stages[0].terms[two] == scheduled


def test_the_earliest_of_the_best():
    assert best_trial([0.1, 0.3, 0.3, 0.2]) == 1

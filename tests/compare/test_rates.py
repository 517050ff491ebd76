"""Seconds a step are measured in turns; equal seconds are fewer steps for the dearer arms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compare import worlds
from limbeck.compare import rates
from limbeck.compare.rates import dearer, measure_rates, shared_stages, steps_for, total_steps
from limbeck.core.errors import UsageError
from limbeck.pipeline.execute import prepare_teacher


def test_every_arm_is_timed_in_turns_without_a_look_at_the_test_split(monkeypatch, tmp_path):
    arms, bench = worlds.arms(), worlds.bench()
    taught = prepare_teacher(arms["distilled"], bench, folder=tmp_path)
    trained = []
    real = rates.train

    def spy(recipe, source, rows, *arguments, **values):
        trained.append((recipe.name, recipe.stages[0].budget.steps, rows.validation))
        return real(recipe, source, rows, *arguments, **values)

    monkeypatch.setattr(rates, "train", spy)
    found = measure_rates(arms, bench, taught, steps=2, rounds=2)
    assert [name for name, _, _ in trained] == ["no_teacher", "distilled"] * 2
    assert {steps for _, steps, _ in trained} == {2}
    assert found.keys() == arms.keys()
    assert all(0 < seconds < 10 for seconds in found.values())


def test_more_than_ten_per_cent_is_dearer():
    assert dearer({"a": 2.0, "b": 2.19, "c": 2.21, "d": 9.0}) == ["c", "d"]
    assert dearer({"a": 1.0}) == []


def test_steps_are_scaled_and_validated_as_often():
    arm = worlds.recipe("distilled", steps=100)
    budget = replace(arm.stages[0].budget, evaluate_every=10, save_every=0)
    arm = replace(arm, stages=(replace(arm.stages[0], budget=budget),))
    found = steps_for(arm, 0.5).stages[0].budget
    assert (found.steps, found.evaluate_every, found.save_every) == (50, 5, 0)
    assert total_steps(steps_for(arm, 1 / 3)) == 33
    assert total_steps(steps_for(steps_for(arm, 0.7), 100 / 70)) == 100  # a float's last bit takes no step away
    with pytest.raises(UsageError, match=r"'distilled' would get 0\.50 steps in stage 'student'"):
        steps_for(arm, 0.005)


def staged(name: str, *stages: tuple[str, int]):
    """An arm with stages of these names and lengths."""
    arm = worlds.recipe(name)
    only = arm.stages[0]
    own = (replace(only, name=stage, budget=replace(only.budget, steps=steps)) for stage, steps in stages)
    return replace(arm, stages=tuple(own))


def test_stages_that_all_arms_have_alike_are_shared():
    both = staged("distilled", ("first", 4), ("probe", 9))
    assert shared_stages({"a": both, "b": staged("distilled", ("first", 5), ("probe", 9))}) == {"probe"}
    assert shared_stages({"a": both, "b": staged("distilled", ("probe", 9))}) == {"probe"}
    assert shared_stages({"a": both, "b": staged("distilled", ("probe", 8))}) == frozenset()  # of another length
    assert shared_stages({"a": both, "b": both}) == frozenset()  # all alike: what remains to be cut is all of it


def test_a_shared_stage_keeps_its_steps():
    found = steps_for(staged("distilled", ("first", 400), ("probe", 300)), 0.5, leave={"probe"})
    assert [stage.budget.steps for stage in found.stages] == [200, 300]


def test_a_shared_stage_does_not_count_in_the_rate(monkeypatch, tmp_path):
    arm, bench = staged("distilled", ("first", 6), ("probe", 2)), worlds.bench()
    taught = prepare_teacher(arm, bench, folder=tmp_path)
    real = rates.train

    def fixed(*arguments, **values):
        done = real(*arguments, **values)
        batch = sum(arm.stages[0].budget.batch.values())
        cost = {"first": 2.0, "probe": 10.0}
        fits = {n: replace(f, rows_per_second=batch / cost[n], waited=0.0) for n, f in done.fits.items()}
        return replace(done, fits=fits)

    monkeypatch.setattr(rates, "train", fixed)
    assert measure_rates({"a": arm}, bench, taught, steps=1, rounds=1) == {"a": pytest.approx((6 * 2 + 2 * 10) / 8)}
    assert measure_rates({"a": arm}, bench, taught, steps=1, rounds=1, leave={"probe"}) == {"a": pytest.approx(2.0)}

"""Seconds a step are measured in turns; equal seconds are fewer steps for the dearer arms."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compare import worlds
from limbeck.compare import rates
from limbeck.compare.rates import dearer, levelled, measure_rates, shared_stages, steps_for, total_steps
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


def clocked(monkeypatch) -> list[int]:
    """A step takes a second; the list gets the steps of every training."""
    trained: list[int] = []
    real = rates.train

    def fixed(recipe, *arguments, **values):
        (stage,) = recipe.stages
        trained.append(stage.budget.steps)
        done = real(recipe, *arguments, **values)
        speed = float(sum(stage.budget.batch.values()))
        return replace(done, fits={n: replace(f, rows_per_second=speed, waited=0.0) for n, f in done.fits.items()})

    monkeypatch.setattr(rates, "train", fixed)
    return trained


def test_more_than_ten_per_cent_is_dearer():
    assert dearer({"a": 2.0, "b": 2.19, "c": 2.21, "d": 9.0}) == ["c", "d"]
    assert dearer({"a": 1.0}) == []


def test_arms_that_are_not_dearer_count_as_the_dearest_of_them():
    assert levelled({"a": 2.0, "b": 2.19, "c": 2.21, "d": 2.1}) == {"a": 2.19, "b": 2.19, "c": 2.21, "d": 2.19}
    assert levelled({"a": 1.0}) == {"a": 1.0}


@pytest.mark.parametrize(
    ("length", "rounds", "steps"), [(1000, 5, 8), (40, 5, 8), (39, 4, 8), (10, 2, 5), (7, 2, 3), (1, 2, 3)]
)
def test_short_runs_are_measured_by_few_steps(monkeypatch, length: int, rounds: int, steps: int):
    trained = clocked(monkeypatch)
    measure_rates({"a": worlds.recipe("no teacher", steps=length)}, worlds.bench(), None)
    assert trained == [steps] * rounds


@pytest.mark.parametrize(("seconds", "rounds"), [(8.0, 2), (32.0, 4), (1000.0, 5)])
def test_short_seconds_are_measured_by_few_rounds(monkeypatch, seconds: float, rounds: int):
    """A step takes a second: so many rounds of 8 steps as a run has."""
    trained = clocked(monkeypatch)
    measure_rates({"a": worlds.recipe("no teacher", steps=9)}, worlds.bench(), None, seconds=seconds)
    assert trained == [8] * rounds


def test_steps_are_scaled_and_validated_as_often():
    arm = worlds.recipe("distilled", steps=100)
    budget = replace(arm.stages[0].budget, evaluate_every=10, save_every=0)
    arm = replace(arm, stages=(replace(arm.stages[0], budget=budget),))
    found = steps_for(arm, 0.5).stages[0].budget
    assert (found.steps, found.evaluate_every, found.save_every) == (50, 5, 0)
    assert total_steps(steps_for(arm, 1 / 3)) == 33
    assert total_steps(steps_for(steps_for(arm, 0.7), 100 / 70)) == 100  # a float's last bit takes no step away
    assert total_steps(steps_for(staged("distilled", ("first", 50), ("last", 50)), 0.67)) == 67  # as of one of 100
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

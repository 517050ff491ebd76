"""What every schedule promises."""

from __future__ import annotations

import json
import math

import pytest

from contracts.generate import changed_arguments, construct
from limbeck.core.describe import build, describe
from limbeck.core.discovery import parts
from limbeck.core.schedule import Schedule

SCHEDULES = parts(Schedule, "schedules")
STEPS = (0, 1, 2, 5, 7, 8, 9, 1000, 10**9)
every_schedule = pytest.mark.parametrize("cls", SCHEDULES.values(), ids=lambda cls: cls.__name__)


def test_the_walk_finds_them() -> None:
    assert len(SCHEDULES) >= 3


@every_schedule
def test_finite_at_every_step(cls: type[Schedule]) -> None:
    for schedule in (construct(cls), construct(cls, **changed_arguments(cls)), construct(cls, steps=1)):
        values = [schedule(step) for step in STEPS]
        assert all(type(value) is float and math.isfinite(value) for value in values)


@every_schedule
def test_a_pure_function_of_the_step(cls: type[Schedule]) -> None:
    schedule, fresh = construct(cls), construct(cls)
    forwards = [schedule(step) for step in STEPS]
    backwards = [schedule(step) for step in reversed(STEPS)]
    assert forwards == backwards[::-1] == [fresh(step) for step in STEPS]
    assert describe(schedule) == describe(fresh)


@every_schedule
def test_describe_and_build_round_trip_through_json(cls: type[Schedule]) -> None:
    schedule = construct(cls, **changed_arguments(cls))
    plain = describe(schedule)
    again = build(json.loads(json.dumps(plain)))
    assert describe(again) == plain
    assert [again(step) for step in STEPS] == [schedule(step) for step in STEPS]
    assert {k: plain[k] for k in changed_arguments(cls)} == changed_arguments(cls)

"""Phases without a gap, added up, in minutes."""

from __future__ import annotations

import time

import pytest

from limbeck.compare.stopwatch import Stopwatch, took


def test_phases_have_no_gap_and_may_come_again(monkeypatch: pytest.MonkeyPatch):
    ticks = iter([10.0, 12.5, 20.0, 80.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))
    watch = Stopwatch()
    for phase in ("data", "arm", "data"):
        watch.lap(phase)
    assert watch.plain() == {"total": 70.0, "phases": {"data": 62.5, "arm": 7.5}, "found": []}
    assert took(watch.plain()) == "took 1 min 10 s: data 1 min 2 s, arm 8 s"


def test_what_was_there_is_said():
    said = took({"total": 59.7, "phases": {"data": 0.2}, "found": ["a (seed 0)", "b"]})
    assert said == "took 1 min 0 s: data 0 s (found ready or begun: a (seed 0), b)"

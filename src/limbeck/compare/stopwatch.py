"""`Stopwatch`: which part of a long job took how long, by the clock on the wall."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any


class Stopwatch:
    """Wall seconds of a job's phases. They follow one another without a gap, so they add up to the total."""

    def __init__(self) -> None:
        self.phases: dict[str, float] = {}
        self.found: list[str] = []  # what was there before: a job that found its results says nothing of its time
        self._last = time.monotonic()

    def lap(self, phase: str) -> None:
        """All time since the last lap was spent on this phase; a phase may come several times."""
        now = time.monotonic()
        self.phases[phase] = self.phases.get(phase, 0.0) + now - self._last
        self._last = now

    def plain(self) -> dict[str, Any]:
        """Seconds in all and by phase, and what was found ready."""
        phases = {phase: round(seconds, 1) for phase, seconds in self.phases.items()}
        return {"total": round(sum(self.phases.values()), 1), "phases": phases, "found": list(self.found)}


def took(plain: Mapping[str, Any]) -> str:
    """What `Stopwatch.plain` says, as one line.

    >>> took({"total": 271.2, "phases": {"data": 12.3, "distilled": 258.9}, "found": []})
    'took 4 min 31 s: data 12 s, distilled 4 min 19 s'
    """
    parts = ", ".join(f"{phase} {_time(seconds)}" for phase, seconds in plain["phases"].items())
    before = f" (found ready or begun: {', '.join(plain['found'])})" if plain["found"] else ""
    return f"took {_time(plain['total'])}: {parts}{before}"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"

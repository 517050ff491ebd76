"""`CosineSchedule`: half a cosine from one value to another."""

from __future__ import annotations

import math

from limbeck.core.errors import UsageError
from limbeck.core.schedule import Schedule


class CosineSchedule(Schedule):
    """From `start` to `end` along half a cosine, then `end`.

    value = end + (start - end) (1 + cos(pi step / steps)) / 2

    Use when a weight or rate should change slowly at both ends.

    Args:
        steps: number of steps from `start` to `end`, >= 1.
        start: value at step 0.
        end: value from step `steps` on.

    Raises:
        UsageError: `steps` is below 1.

    Source: SGDR, Loshchilov and Hutter 2016, arXiv 1608.03983.

    Differs from the paper: no restarts.

    >>> [round(CosineSchedule(2)(step), 3) for step in range(4)]
    [1.0, 0.5, 0.0, 0.0]
    """

    def __init__(self, steps: int, *, start: float = 1.0, end: float = 0.0) -> None:
        if steps < 1:
            raise UsageError(f"steps {steps} is not valid for a schedule; it must be at least 1")
        self.steps = steps
        self.start = start
        self.end = end

    def __call__(self, step: int) -> float:
        """The value at `step`."""
        share = min(max(step / self.steps, 0.0), 1.0)
        return self.end + (self.start - self.end) * 0.5 * (1.0 + math.cos(math.pi * share))

"""`LinearSchedule`: a ramp."""

from __future__ import annotations

from limbeck.core.errors import UsageError
from limbeck.core.schedule import Schedule


class LinearSchedule(Schedule):
    """`start` during `delay` steps, then a straight line over `steps` steps to `end`, then `end`.

    value = start + (end - start) clip((step - delay) / steps, 0, 1)

    Use when a term should join or leave while training runs.

    Args:
        steps: length of the ramp, >= 1.
        start: value before the ramp.
        end: value after it.
        delay: steps before the ramp begins, >= 0.

    Raises:
        UsageError: `steps` is below 1 or `delay` below 0.

    >>> [LinearSchedule(2, delay=1)(step) for step in range(4)]
    [0.0, 0.0, 0.5, 1.0]
    """

    def __init__(self, steps: int, *, start: float = 0.0, end: float = 1.0, delay: int = 0) -> None:
        if steps < 1:
            raise UsageError(f"steps {steps} is not valid for a schedule; it must be at least 1")
        if delay < 0:
            raise UsageError(f"delay {delay} is not valid for a schedule; it must be at least 0")
        self.steps = steps
        self.start = start
        self.end = end
        self.delay = delay

    def __call__(self, step: int) -> float:
        """The value at `step`."""
        share = min(max((step - self.delay) / self.steps, 0.0), 1.0)
        return self.start + (self.end - self.start) * share

"""`WarmupCosineSchedule`: the usual learning rate."""

from __future__ import annotations

import math

from limbeck.core.errors import UsageError
from limbeck.core.schedule import Schedule


class WarmupCosineSchedule(Schedule):
    """A straight rise to `peak`, then half a cosine down to `floor`.

    value = peak (step + 1) / w                                    for step < w = round(warmup steps)
    value = floor + (peak - floor) (1 + cos(pi (step - w) / (steps - w))) / 2    after that, `floor` from `steps` on

    Use when training with AdamW; multiply the learning rate by it. No step of the run has the value 0: the rise begins
    at peak / w and the last step, steps - 1, is above `floor`.

    Args:
        steps: of the whole run, >= 1.
        warmup: share of the steps that rise, in [0, 1].
        peak: highest value, reached at step w - 1 and held at step w.
        floor: value that the cosine goes down to.

    Raises:
        UsageError: `steps` is below 1 or `warmup` outside [0, 1].

    Source: warm-up from Goyal et al. 2017, arXiv 1706.02677; cosine from SGDR, Loshchilov and Hutter 2016,
    arXiv 1608.03983.

    Differs from the paper: no restarts.

    >>> [round(WarmupCosineSchedule(4, warmup=0.5)(step), 3) for step in range(5)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """

    def __init__(self, steps: int, *, warmup: float = 0.1, peak: float = 1.0, floor: float = 0.0) -> None:
        if steps < 1:
            raise UsageError(f"steps {steps} is not valid for a schedule; it must be at least 1")
        if not 0.0 <= warmup <= 1.0:
            raise UsageError(f"warmup {warmup!r} is not valid for a schedule; it is a share between 0 and 1")
        self.steps = steps
        self.warmup = warmup
        self.peak = peak
        self.floor = floor

    def __call__(self, step: int) -> float:
        """The value at `step`."""
        rising = round(self.warmup * self.steps)
        if step < rising:
            return self.peak * (max(step, 0) + 1) / rising
        if step >= self.steps:
            return self.floor
        share = (step - rising) / (self.steps - rising)
        return self.floor + (self.peak - self.floor) * 0.5 * (1.0 + math.cos(math.pi * share))

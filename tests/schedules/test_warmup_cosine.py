from __future__ import annotations

import math

import pytest

from limbeck.core.errors import UsageError
from limbeck.schedules.warmup_cosine import WarmupCosineSchedule


def oracle(step, steps, rising, peak, floor):
    if step < rising:
        return peak * (step + 1) / rising
    return floor + (peak - floor) * (1 + math.cos(math.pi * (step - rising) / (steps - rising))) / 2


def test_oracle():
    schedule = WarmupCosineSchedule(20, warmup=0.25, peak=2.0, floor=0.5)
    assert [schedule(step) for step in range(20)] == pytest.approx([oracle(s, 20, 5, 2.0, 0.5) for s in range(20)])


def test_rises_then_falls_and_no_step_is_wasted():
    values = [WarmupCosineSchedule(100)(step) for step in range(100)]
    assert values[0] == 0.1
    assert max(values) == values[9] == values[10] == 1.0
    assert values[:10] == sorted(values[:10])
    assert values[10:] == sorted(values[10:], reverse=True)
    assert min(values) > 0
    assert WarmupCosineSchedule(100)(100) == 0.0


def test_all_or_no_warmup():
    assert [WarmupCosineSchedule(2, warmup=1.0)(step) for step in range(3)] == [0.5, 1.0, 0.0]
    assert WarmupCosineSchedule(2, warmup=0.0)(0) == 1.0


def test_wrong_arguments():
    with pytest.raises(UsageError, match="steps 0"):
        WarmupCosineSchedule(0)
    with pytest.raises(UsageError, match="share between 0 and 1"):
        WarmupCosineSchedule(10, warmup=500)

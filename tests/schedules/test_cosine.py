from __future__ import annotations

import pytest

from limbeck.core.errors import UsageError
from limbeck.schedules.cosine import CosineSchedule


def test_by_hand():
    schedule = CosineSchedule(4, start=3.0, end=1.0)
    assert [round(schedule(step), 4) for step in (0, 1, 2, 3, 4, 9)] == [3.0, 2.7071, 2.0, 1.2929, 1.0, 1.0]


def test_no_steps():
    with pytest.raises(UsageError, match="steps 0"):
        CosineSchedule(0)

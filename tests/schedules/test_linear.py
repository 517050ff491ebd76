from __future__ import annotations

import pytest

from limbeck.core.errors import UsageError
from limbeck.schedules.linear import LinearSchedule


def test_by_hand():
    schedule = LinearSchedule(4, start=2.0, end=4.0, delay=3)
    assert [schedule(step) for step in (0, 3, 4, 5, 7, 99)] == [2.0, 2.0, 2.5, 3.0, 4.0, 4.0]


def test_a_term_can_leave():
    assert [LinearSchedule(2, start=1.0, end=0.0)(step) for step in range(3)] == [1.0, 0.5, 0.0]


def test_wrong_arguments():
    with pytest.raises(UsageError, match="steps 0"):
        LinearSchedule(0)
    with pytest.raises(UsageError, match="delay -1"):
        LinearSchedule(3, delay=-1)

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limbeck.report.svg import label, safe, scale, shortened, ticks, widened


@settings(max_examples=80, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(1e-4, 1e6))
def test_ticks_are_few_round_and_inside(low: float, span: float) -> None:
    marks = ticks(low, low + span)
    assert 2 <= len(marks) <= 7
    assert all(low - span * 1e-6 <= mark <= low + span * (1 + 1e-6) for mark in marks)
    steps = [two - one for one, two in pairwise(marks)]
    assert max(steps) == pytest.approx(min(steps), rel=1e-3)


@pytest.mark.parametrize(
    ("low", "high", "texts"),
    [
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0, 10, ["0", "2", "4", "6", "8", "10"]),
        (0, 1.25, ["0.00", "0.25", "0.50", "0.75", "1.00", "1.25"]),
        (-0.01, 0.011, ["\N{MINUS SIGN}0.010", "\N{MINUS SIGN}0.005", "0.000", "0.005", "0.010"]),
        (0, 50000, ["0", "10k", "20k", "30k", "40k", "50k"]),
    ],
)
def test_tick_labels(low: float, high: float, texts: list[str]) -> None:
    marks = ticks(low, high)
    assert [label(mark, marks) for mark in marks] == texts


def test_small_tools() -> None:
    assert scale(0, 10, 100, 0)(2.5) == 75
    assert widened(3, 3) == pytest.approx((2.7, 3.3))
    assert shortened("a long name", 34, 12) == "a lo…"
    assert safe("a\x00\x1b[31m\ufffe\ud800<") == "a[31m&lt;"

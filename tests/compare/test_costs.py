from __future__ import annotations

import pytest

from limbeck.compare.costs import costs_table
from limbeck.report.document import Estimate


def test_a_dearer_arm_gets_fewer_steps_for_the_same_seconds() -> None:
    steps = {"equal steps": {"plain": 60, "dear": 60}, "equal seconds": {"plain": 60, "dear": 20}}
    table = costs_table({"plain": 0.2, "dear": 0.6}, steps)
    rows = [(row.group, row.name, [c.value for c in row.cells if isinstance(c, Estimate)]) for row in table.rows]
    assert [row[:2] for row in rows] == [(budget, arm) for budget in steps for arm in ("plain", "dear")]
    assert [value for row in rows for value in row[2]] == pytest.approx(
        [200, 1, 60, 12, 600, 3, 60, 36, 200, 1, 60, 12, 600, 3, 20, 12]
    )


def test_fast_steps_keep_a_digit() -> None:
    (row,) = costs_table({"plain": 0.00234}, {"equal steps": {"plain": 5}}).rows
    assert str(row.cells[0]).startswith("2.3")

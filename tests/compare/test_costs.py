from __future__ import annotations

import pytest

from limbeck.compare.costs import costs_table
from limbeck.report.document import Estimate


def test_a_dearer_arm_gets_fewer_steps_for_the_same_seconds() -> None:
    steps = {"equal steps": {"plain": 60, "dear": 60}, "equal seconds": {"plain": 60, "dear": 20}}
    table = costs_table({"plain": 0.2, "dear": 0.6}, steps)
    assert list(table.columns)[3:] == [
        "steps, equal steps", "seconds, equal steps", "steps, equal seconds", "seconds, equal seconds"
    ]  # fmt: skip
    rows = {row.name: [cell.value for cell in row.cells if isinstance(cell, Estimate)] for row in table.rows}
    assert rows["plain"] == pytest.approx([200, 1, 60, 12, 60, 12])
    assert rows["dear"] == pytest.approx([600, 3, 60, 36, 20, 12])


def test_fast_steps_keep_a_digit() -> None:
    (row,) = costs_table({"plain": 0.00234}, {"equal steps": {"plain": 5}}).rows
    assert str(row.cells[0]).startswith("2.3")

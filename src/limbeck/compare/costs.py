"""What a step of each arm costs, and how many steps that leaves it under each budget."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.report.document import Cell, Estimate, Row, Table

_NOTE = "Measured before training, the arms taking turns; validation and checkpoints are not in the seconds."


def costs_table(rates: Mapping[str, float], steps: Mapping[str, Mapping[str, int]]) -> Table:
    """One row an arm and budget: milliseconds a step, how many times the cheapest arm's, steps and seconds of a run.

    Args:
        rates: arm -> seconds a step.
        steps: budget -> arm -> steps.
    """
    cheapest = min(rates.values())
    digits = 0 if cheapest >= 0.1 else 1
    rows = []
    for budget, lengths in steps.items():
        for arm, rate in rates.items():
            cells: list[Cell] = [Estimate(1000 * rate, digits=digits), Estimate(rate / cheapest)]
            cells += [Estimate(lengths[arm], digits=0), Estimate(lengths[arm] * rate)]
            rows.append(Row(arm, cells, group=budget))
    columns = ["arm", "ms a step", "times the cheapest", "steps a run", "seconds a run"]
    return Table("What training costs", columns, rows, note=_NOTE)

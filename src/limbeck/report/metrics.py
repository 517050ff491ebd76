"""Metrics and differences as tables and plots: per cent with intervals, models side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from limbeck.core.evaluator import Metric
from limbeck.evaluation.intervals import Difference
from limbeck.report.document import MISSING, Cell, Estimate, ForestPlot, ForestRow, Row, Table


def percent(metric: Metric) -> Estimate:
    """A metric in [0, 1] as per cent with its interval, and with as many digits as tell its chance level from zero."""
    return Estimate(100 * metric.value, 100 * metric.low, 100 * metric.high, digits=_digits(metric.chance))


def points(difference: Difference, *, chance: float = 0.0) -> Estimate:
    """A difference of metrics in [0, 1] as percentage points, signed, with its interval and the digits of `percent`."""
    low, high = 100 * difference.low, 100 * difference.high
    return Estimate(100 * difference.value, low, high, signed=True, digits=_digits(chance))


def _digits(chance: float) -> int:
    """One, and more where ten thousand candidates make chance 0.01 %."""
    return min(4, max(1, math.ceil(-math.log10(100 * chance)))) if chance > 0 else 1


def metrics_table(
    caption: str,
    models: Mapping[str, Sequence[Metric]],
    *,
    differences: Mapping[str, Difference] | None = None,
    difference: str = "difference",
    note: str = "",
) -> Table:
    """One row a metric, one column a model, then chance and the paired difference.

    Args:
        caption: what was measured on what.
        models: name -> metrics. A metric that a model lacks is a dash.
        differences: metric name -> paired difference; None leaves the column out.
        difference: header of that column.
        note: small print; "" says what the intervals are over.
    """
    first: dict[str, Metric] = {}
    for metrics in models.values():
        for metric in metrics:
            first.setdefault(metric.name, metric)
    by_model = [{metric.name: metric for metric in metrics} for metrics in models.values()]
    rows = []
    for name, metric in first.items():
        cells: list[Cell] = [percent(found[name]) if name in found else MISSING for found in by_model]
        cells.append(Estimate(100 * metric.chance, digits=_digits(metric.chance)))
        if differences is not None:
            cells.append(points(differences[name], chance=metric.chance) if name in differences else MISSING)
        group, _, short = arrows(name).rpartition(" ")
        rows.append(Row(short, cells, group=group + " (mean of both directions)" * ("<->" in name)))
    columns = ["metric", *models, "chance", *([difference] if differences is not None else [])]
    note = note or f"All values in %; small figures are 95 % intervals over test items: {_counts(first.values())}."
    return Table(caption, columns, rows, note=note, span=(0.0, 100.0) if differences is None else None)


def _counts(metrics: Iterable[Metric]) -> str:
    """How many items there were: one number, or one for each kind of question."""
    found = {arrows(metric.name).rpartition(" ")[0] or metric.name: f"{metric.n:,}" for metric in metrics}
    numbers = set(found.values())
    return numbers.pop() if len(numbers) == 1 else ", ".join(f"{name} {count}" for name, count in found.items())


def differences_plot(
    title: str, differences: Mapping[str, Difference], *, left: str = "", right: str = ""
) -> ForestPlot:
    """A forest plot of paired differences in percentage points."""
    fewest = min((difference.seeds for difference in differences.values()), default=1)
    return ForestPlot(
        title,
        [ForestRow(arrows(name), points(difference)) for name, difference in differences.items()],
        x="difference in percentage points",
        left=left,
        right=right,
        caption=f"Bars are 95 % intervals over {over(fewest)}. Hollow: not distinguishable from no difference.",
    )


def over(seeds: int) -> str:
    """What 95 % intervals are over, with a warning where there are too few seeds.

    >>> over(3)
    'items and seeds'
    """
    if seeds == 1:
        return "items; one seed: the spread over seeds is not in them"
    if seeds == 2:
        return "items and seeds; two seeds: a little too narrow where seeds matter much, three are the least"
    return "items and seeds"


def arrows(name: str) -> str:
    """`image->text R@1` as a reader wants it."""
    return name.replace("<->", " \N{LEFT RIGHT ARROW} ").replace("->", " \N{RIGHTWARDS ARROW} ")

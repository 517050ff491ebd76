"""Findings as charts: differences, learning curves, cost against quality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from limbeck.compare.arms import Comparison
from limbeck.compare.findings import BETTER, UNJUDGED, WORSE, Findings
from limbeck.compare.sentences import p_text
from limbeck.pipeline.finish import curves
from limbeck.report.document import Estimate, ForestPlot, ForestRow, LineChart, ScatterPlot, ScatterPoint, Series
from limbeck.report.metrics import arrows, over


def arms_plot(found: Findings) -> ForestPlot:
    """Every arm minus the reference; solid where Holm's correction leaves a verdict."""
    scale, digits = _scale(found)
    rows = [
        ForestRow(
            one.arm,
            Estimate(
                scale * one.difference.value,
                scale * one.difference.low,
                scale * one.difference.high,
                digits=digits,
                signed=True,
            ),
            sure=one.verdict in (BETTER, WORSE),
            mark="" if one.verdict == UNJUDGED else f"p {p_text(one.p)}",
        )
        for one in found.arms
    ]
    worse, better = f"{found.reference} better", "arm better"
    return ForestPlot(
        f"{arrows(found.metric)}: every arm minus {found.reference}",
        rows,
        x="difference in percentage points" if found.is_share else "difference",
        left=worse if found.higher_is_better else better,
        right=better if found.higher_is_better else worse,
        caption=f"Bars are 95 % intervals over {over(found.seeds)}"
        + (
            "; one seed is not judged."
            if found.seeds == 1
            else f"; p is corrected over {len(rows)} arms (Holm). "
            f"Hollow: not distinguishable from {found.reference} after correction."
        ),
    )


def pareto_plot(found: Findings, cost: Mapping[str, float], *, x: str, caption: str = "") -> ScatterPlot:
    """Cost against quality; an arm without a cost is left out.

    Args:
        found: quality of every arm.
        cost: arm -> what it costs; less is better.
        x: what the cost is, with its unit ("seconds of training", "parameters, M").
        caption: small print.
    """
    scale, digits = _scale(found)
    points = [
        ScatterPoint(arm, cost[arm], Estimate(scale * mean.value, scale * mean.low, scale * mean.high, digits=digits))
        for arm, mean in found.means.items()
        if arm in cost
    ]
    told = (
        "Bars are 95 % intervals. The line joins the arms that no cheaper arm equals; hollow: another is as cheap and "
        "better."
    )
    return ScatterPlot(
        f"{arrows(found.metric)} against {x}",
        points,
        x=x,
        y=f"{arrows(found.metric)}{', %' if found.is_share else ''}",
        rising=found.higher_is_better,
        caption=f"{told} {caption}".strip(),
    )


def learning_curves(comparison: Comparison) -> list[LineChart]:
    """Validation of every arm on one chart a stage, averaged over the seeds at the steps that all have."""
    drawn = {arm: [curves(run.folder) for run in runs] for arm, runs in comparison.runs.items()}
    titles = dict.fromkeys(chart.title for own in drawn.values() for chart in own[0] if chart.y != "loss")
    charts = []
    for title in titles:
        by_arm = {
            arm: [chart for own in seeds for chart in own if chart.title == title] for arm, seeds in drawn.items()
        }
        first = next(charts[0] for charts in by_arm.values() if charts)
        series = [Series(arm, _mean_curve(found)) for arm, found in by_arm.items() if found]
        seeds = len(comparison.seeds)
        caption = f"Means of {seeds} seeds; validation split." if seeds > 1 else "Validation split, one seed."
        charts.append(replace(first, series=series, caption=caption))
    return charts


def _mean_curve(found: list[LineChart]) -> list[tuple[float, float]]:
    """Mean over the charts' first series at every x that all of them have."""
    lines = [dict(chart.series[0].points) for chart in found]
    shared = [x for x in lines[0] if all(x in line for line in lines)]
    return [(x, float(np.mean([line[x] for line in lines]))) for x in shared]


def _scale(found: Findings) -> tuple[float, int]:
    return (100.0, 1) if found.is_share else (1.0, 3)

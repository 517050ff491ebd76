from __future__ import annotations

from dataclasses import replace

import pytest

from compare import worlds
from compare.test_findings import CLEAR, found
from limbeck.compare.charts import arms_plot, learning_curves, pareto_plot
from limbeck.pipeline.finish import curves


def test_every_arm_stands_in_the_plot_with_its_corrected_verdict() -> None:
    one = found(CLEAR)
    overruled = replace(one, arms=tuple(replace(each, verdict="not distinguishable") for each in one.arms))
    plot = arms_plot(one)
    assert [(row.name, row.sure) for row in plot.rows] == [
        ("same", False),
        ("good", True),
        ("best", True),
        ("bad", True),
    ]
    assert [row.estimate.value for row in plot.rows] == pytest.approx(
        [100 * each.difference.value for each in one.arms]
    )
    assert all(row.mark.startswith("p ") for row in plot.rows)
    assert not any(row.sure for row in arms_plot(overruled).rows)
    assert (plot.left, plot.right) == ("none better", "arm better")
    down = arms_plot(found(CLEAR, higher_is_better=False))
    assert (down.left, down.right) == ("arm better", "none better")


def test_cost_against_quality_by_hand() -> None:
    plot = pareto_plot(found(CLEAR), {"none": 1.0, "same": 2.0, "good": 2.0, "best": 8.0, "bad": 1.5}, x="seconds")
    assert [point.name for point in plot.frontier()] == ["none", "good", "best"]
    assert [point.name for point in pareto_plot(found(CLEAR), {"good": 2.0}, x="seconds").points] == ["good"]
    down = pareto_plot(found(CLEAR, higher_is_better=False), {"none": 1.0, "bad": 1.5, "best": 8.0}, x="seconds")
    assert [point.name for point in down.frontier()] == ["none", "bad"]


def test_learning_curves_are_means_over_seeds() -> None:
    compared = worlds.compared()
    (chart,) = learning_curves(compared)
    assert [series.name for series in chart.series] == ["no teacher", "distilled"]
    for series in chart.series:
        single = [
            next(one for one in curves(run.folder) if one.title == chart.title).series[0].points
            for run in compared.runs[series.name]
        ]
        for place, (x, y) in enumerate(series.points):
            assert [points[place][0] for points in single] == [x, x]
            assert y == pytest.approx(sum(points[place][1] for points in single) / 2)
    assert "Means of 2 seeds" in chart.caption

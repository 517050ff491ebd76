from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from compare import worlds
from limbeck.compare.arms import Comparison
from limbeck.compare.summary import (
    cost_table,
    difference_plot,
    picture,
    quality_table,
    savings,
    training_charts,
    verdict,
)
from limbeck.evaluation.cost import TowerCost
from limbeck.report.document import Estimate
from limbeck.stages.log import FILE

NAMES = {"arm": "distilled", "baseline": "no teacher"}
METRIC = "image<->text MRR"
COSTS = {
    f"{who}.{modality}": TowerCost(
        f"{who}.{modality}", modality, parameters, parameters * 4e-6, {1: speed, 64: speed / 2}, {1: (1, 9), 64: (1, 9)}
    )
    for who, modality, parameters, speed in (
        ("teacher", "image", 4_000_000, 8.0),
        ("teacher", "text", 20_000_000, 4.0),
        ("student", "image", 1_000_000, 1.0),
        ("student", "text", 2_000_000, 0.5),
    )
}


def one_seed() -> Comparison:
    found = worlds.compared()
    return replace(
        found, runs={arm: runs[:1] for arm, runs in found.runs.items()}, teachers=found.teachers[:1], seeds=(0,)
    )


def test_the_table_has_every_arm_metric_and_difference():
    found = worlds.compared()
    table = quality_table(found, **NAMES, caption="Retrieval")
    shown = {(row.group, row.name): row.cells for row in table.rows}
    assert len(shown) == len(table.rows) == len(found.metrics())
    for row, name in zip(table.rows, found.metrics(), strict=True):
        estimates = [cell for cell in row.cells if isinstance(cell, Estimate)]
        values = [100 * found.mean(arm, name).value for arm in ("teacher", "no teacher", "distilled")]
        assert [cell.value for cell in estimates[:3]] == pytest.approx(values)
        assert all(cell.low is not None and cell.low <= cell.value <= cell.high for cell in estimates[:3])
        difference = found.difference("distilled", "no teacher", name)
        assert any(cell.value == pytest.approx(100 * difference.value) and cell.signed for cell in estimates[3:])
        assert any(cell.value == pytest.approx(100 * found.mean("teacher", name).chance) for cell in estimates)
    assert "distilled minus no teacher" in table.columns


def test_one_seed_says_what_its_intervals_leave_out():
    assert "the spread over seeds is not in them" in quality_table(one_seed(), **NAMES, caption="c").note
    assert "Means of 2 seeds" in quality_table(worlds.compared(), **NAMES, caption="c").note


def test_the_plot_shows_the_same_differences():
    found = worlds.compared()
    plot = difference_plot(found, **NAMES)
    assert [row.estimate.value for row in plot.rows] == pytest.approx(
        [100 * found.difference("distilled", "no teacher", name).value for name in found.metrics()]
    )
    assert (plot.left, plot.right) == ("no teacher better", "distilled better")


def test_the_verdict_says_what_the_interval_says():
    found = worlds.compared()
    said = verdict(found, **NAMES, metric=METRIC)
    difference = found.difference("distilled", "no teacher", METRIC)
    assert said.endswith(f"{difference.verdict}.")
    assert f"difference {100 * difference.value:+.1f} points" in said
    share = found.mean("distilled", METRIC).value / found.mean("teacher", METRIC).value
    assert f"{share:.0%} of the teacher's" in said


def test_costs_are_rows_of_one_group_a_modality():
    table = cost_table(COSTS)
    assert [(name, [row.name for row in rows]) for name, rows in table.groups()] == [
        ("image", ["teacher", "student"]),
        ("text", ["teacher", "student"]),
    ]
    first = [cell.value for cell in table.rows[0].cells if isinstance(cell, Estimate)]
    assert first == pytest.approx([4.0, 16.0, 8.0, 4.0, 250.0])


def test_savings_by_hand():
    assert [(s.label, s.teacher, s.student, s.ratio) for s in savings(COSTS)] == [
        ("parameters", "24.0 M", "3.0 M", "8.0\N{MULTIPLICATION SIGN}"),
        ("images/s", "250", "2,000", "8.0\N{MULTIPLICATION SIGN}"),
        ("texts/s", "500", "4,000", "8.0\N{MULTIPLICATION SIGN}"),
    ]


def test_charts_hold_all_arms_in_validation_and_each_loss_apart():
    charts = training_charts(worlds.compared())
    assert [(chart.title, [series.name for series in chart.series]) for chart in charts] == [
        ("student: validation", ["no teacher", "distilled"]),
        ("no teacher, student: training loss", ["no teacher"]),
        ("distilled, student: training loss", ["distilled"]),
    ]
    assert all(series.points for chart in charts for series in chart.series)


def test_arms_with_other_stages_meet_at_the_last_one(tmp_path):
    compared = worlds.compared()
    lines = {
        "no teacher": [("student", 1, 0.1)],
        "distilled": [("words", 1, 0.2), ("pictures", 1, 0.3)],
    }
    runs = {}
    for arm, logged in lines.items():
        folder = tmp_path / arm
        folder.mkdir()
        (folder / FILE).write_text(
            "".join(
                json.dumps({"stage": stage, "step": step, "loss": 1.0, "validation": {METRIC: value}}) + "\n"
                for stage, step, value in logged
            )
        )
        runs[arm] = [replace(compared.runs[arm][0], folder=folder)]
    charts = [chart for chart in training_charts(replace(compared, runs=runs)) if chart.y != "loss"]
    assert [(chart.title, [(series.name, series.points) for series in chart.series]) for chart in charts] == [
        ("words: validation", [("distilled", [(1.0, 20.0)])]),
        ("student, pictures: validation", [("no teacher", [(1.0, 10.0)]), ("distilled", [(1.0, 30.0)])]),
    ]


def test_the_picture_is_svg_with_every_arm():
    drawn = picture(worlds.compared(), COSTS, title="Icons <1>", metrics=[METRIC], arm="distilled")
    root = ElementTree.fromstring(drawn)
    text = " ".join("".join(node.itertext()) for node in root.iter() if node.tag.endswith("text"))
    for word in ("teacher", "no teacher", "distilled", "MRR, both directions", "Icons <1>", "Means of 2 seeds"):
        assert word in text
    value = 100 * worlds.compared().mean("distilled", METRIC).value
    assert re.search(rf"{value:.1f}\b", text)

from __future__ import annotations

from limbeck.core.evaluator import Metric
from limbeck.evaluation.intervals import Difference
from limbeck.report.document import Estimate
from limbeck.report.metrics import arrows, differences_plot, metrics_table, percent, points

R1 = Metric("image->text R@1", 0.342, 250, 0.286, 0.403, 0.004)
TOP = Metric("zero-shot top-1", 0.5, 250, 0.44, 0.56, 0.125)
BOTH = Metric("image<->text MRR", 0.5, 250, 0.44, 0.56, 0.125)
GAIN = Difference(0.12, 0.05, 0.19, 250)


def test_numbers_become_per_cent() -> None:
    assert str(percent(R1)) == "34.2 (28.6 to 40.3)"
    assert str(points(GAIN)) == "+12.0 (+5.0 to +19.0)"


def test_small_chances_get_more_digits() -> None:
    rare = Metric("image->text R@1", 0.00042, 20_000, 0.0002, 0.0007, 0.00005)
    assert str(percent(rare)) == "0.042 (0.020 to 0.070)"
    row = metrics_table("t", {"m": [rare]}, differences={rare.name: Difference(0.0003, 0.0001, 0.0005, 20_000)}).rows[0]
    assert [str(cell) for cell in row.cells][1:] == ["0.005", "+0.030 (+0.010 to +0.050)"]
    assert str(percent(Metric("x", 0.5, 9, 0.4, 0.6, 0.001))) == "50.0 (40.0 to 60.0)"
    assert str(percent(Metric("x", 0.5, 9, 0.4, 0.6, 0.0))) == "50.0 (40.0 to 60.0)"


def test_models_side_by_side() -> None:
    table = metrics_table("t", {"teacher": [BOTH, R1, TOP], "student": [R1]}, differences={R1.name: GAIN})
    assert table.columns == ["metric", "teacher", "student", "chance", "difference"]
    assert [(row.group, row.name) for row in table.rows] == [
        ("image ↔ text (mean of both directions)", "MRR"),
        ("image → text", "R@1"),
        ("zero-shot", "top-1"),
    ]
    assert [str(cell) for cell in table.rows[1].cells] == ["34.2 (28.6 to 40.3)"] * 2 + ["0.4", "+12.0 (+5.0 to +19.0)"]
    assert table.rows[2].cells[1] == table.rows[2].cells[3] == "\N{EN DASH}"
    assert metrics_table("t", {"student": [R1]}).columns == ["metric", "student", "chance"]
    assert metrics_table("t", {"student": [R1]}).span == (0, 100)


def test_plot_says_what_the_intervals_hold() -> None:
    plot = differences_plot("t", {R1.name: GAIN})
    assert plot.rows[0].name == "image → text R@1"
    assert isinstance(plot.rows[0].estimate, Estimate)
    assert "spread over seeds is not in them" in plot.caption
    assert "over items and seeds" in differences_plot("t", {"x": Difference(0, -1, 1, 250, 3)}).caption


def test_arrows() -> None:
    assert arrows("image<->text R@1") == "image ↔ text R@1"


def test_the_note_says_how_many_items_there_were() -> None:
    one, other = (
        Metric(name, 0.5, n, 0.4, 0.6, 0.1) for name, n in (("image->text R@1", 1200), ("text->image R@1", 40))
    )
    assert metrics_table("t", {"student": [one]}).note.endswith("over test items: 1,200.")
    both = metrics_table("t", {"student": [one], "teacher": [one, other]}).note
    assert both.endswith(f"over test items: {arrows('image->text')} 1,200, {arrows('text->image')} 40.")
    assert metrics_table("t", {"student": [one]}, note="mine").note == "mine"

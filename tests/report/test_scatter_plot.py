from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from limbeck.report.document import Estimate, Report, ScatterPlot, ScatterPoint, Section
from limbeck.report.scatter_plot import scatter_plot_svg
from limbeck.report.write import render
from report.samples import EVIL


def plot(*points: tuple[str, float, float], rising: bool = True) -> ScatterPlot:
    made = [ScatterPoint(name, x, Estimate(y, y - 1, y + 1)) for name, x, y in points]
    return ScatterPlot("t", made, x="seconds", y="R@1, %", rising=rising)


def drawn(made: ScatterPlot) -> ElementTree.Element:
    return ElementTree.fromstring(scatter_plot_svg(made, {}, "k"))


def test_the_frontier_by_its_definition() -> None:
    """A point is on it unless another is at most as dear and at least as good, and not the same in both."""
    points = [("a", 1.0, 5.0), ("b", 2.0, 9.0), ("c", 2.0, 4.0), ("d", 3.0, 9.0), ("e", 4.0, 12.0), ("f", 0.5, 1.0)]
    expected = {
        name for name, x, y in points if not any(x2 <= x and y2 >= y and (x2, y2) != (x, y) for _, x2, y2 in points)
    }
    assert [point.name for point in plot(*points).frontier()] == ["f", "a", "b", "e"]
    assert expected == {"f", "a", "b", "e"}
    assert [point.name for point in plot(*points, rising=False).frontier()] == ["f"]
    assert plot(("nan", float("nan"), 1.0)).frontier() == []


def test_better_is_higher_and_dearer_is_further_right() -> None:
    svg = drawn(plot(("cheap", 1, 10), ("dear", 9, 40), ("poor", 9, 5)))
    cheap, dear, poor = ((float(point.get("cx", "nan")), float(point.get("cy", "nan"))) for point in svg.iter("circle"))
    assert cheap[0] < dear[0] == poor[0]
    assert dear[1] < cheap[1] < poor[1]
    assert [point.get("style") is None for point in svg.iter("circle")] == [True, True, False]
    line = next(line for line in svg.iter("polyline") if line.get("class") == "frontier")
    assert line.get("points") == " ".join(f"{x:.1f},{y:.1f}" for x, y in (cheap, dear))


def test_names_do_not_cover_each_other() -> None:
    svg = drawn(plot(*((f"arm {place}", 1.0, 20.0 + 0.01 * place) for place in range(5)), ("far", 9, 30)))
    heights = sorted(float(text.get("y", "nan")) for text in svg.iter("text") if (text.text or "").startswith("arm"))
    assert all(lower - upper >= 13 for upper, lower in pairwise(heights))


def test_escaped_described_and_empty() -> None:
    svg = drawn(plot((EVIL, 1, 5)))
    assert not list(svg.iter("script"))
    description = svg.find("desc")
    assert description is not None
    assert "On the frontier" in (description.text or "")
    assert scatter_plot_svg(plot(), {}, "k").startswith("<p")
    assert scatter_plot_svg(plot(("inf", float("inf"), 2.0)), {}, "k").startswith("<p")


@pytest.mark.parametrize("rising", [True, False])
def test_a_report_draws_it_beside_other_charts(rising: bool) -> None:
    page = render(Report("r", ["s"], [Section("S", [plot(("a", 1, 2), ("b", 2, 3), rising=rising)])]))
    assert "seconds" in page
    assert 'class="frontier"' in page

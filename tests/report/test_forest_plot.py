from __future__ import annotations

from xml.etree import ElementTree

from limbeck.report.document import Estimate, ForestPlot, ForestRow
from limbeck.report.forest_plot import forest_plot_svg
from report.samples import EVIL


def drawn(*estimates: Estimate, name: str = "R@1") -> ElementTree.Element:
    plot = ForestPlot("t", [ForestRow(name, estimate) for estimate in estimates], left="worse", right="better")
    return ElementTree.fromstring(forest_plot_svg(plot, "k"))


def test_only_intervals_without_zero_are_solid() -> None:
    svg = drawn(Estimate(5, 2, 8), Estimate(1, -2, 4), Estimate(-5, -8, -2), Estimate(0, 0, 0))
    assert [group.get("class") for group in svg.iter("g")] == ["sure", "unsure", "sure", "unsure"]


def test_a_corrected_verdict_knows_better_than_the_interval() -> None:
    rows = [
        ForestRow("a", Estimate(5, 2, 8), sure=False, mark="p 0.08"),
        ForestRow("b", Estimate(1, -2, 4), sure=True, mark=EVIL),
    ]
    text = forest_plot_svg(ForestPlot("t", rows), "k")
    svg = ElementTree.fromstring(text)
    assert [group.get("class") for group in svg.iter("g")] == ["unsure", "sure"]
    assert "p 0.08</tspan>" in text
    assert not list(svg.iter("script"))


def test_points_lie_on_their_whisker_and_on_their_side_of_zero() -> None:
    svg = drawn(Estimate(5, 2, 8), Estimate(-1, -2, 4))
    zero = float(next(line for line in svg.iter("line") if line.get("class") == "zero").get("x1", "nan"))
    for group, above in zip(svg.iter("g"), (True, False), strict=True):
        line, point = group.find("line"), group.find("circle")
        assert line is not None
        assert point is not None
        at = float(point.get("cx", "nan"))
        assert float(line.get("x1", "nan")) < at < float(line.get("x2", "nan"))
        assert (at > zero) is above


def test_escaped_described_and_empty() -> None:
    svg = drawn(Estimate(5, 2, 8, signed=True), name=EVIL)
    assert not list(svg.iter("script"))
    description = svg.find("desc")
    assert description is not None
    assert "+5.0 (+2.0 to +8.0)" in (description.text or "")
    assert forest_plot_svg(ForestPlot("t", []), "k").startswith("<p")

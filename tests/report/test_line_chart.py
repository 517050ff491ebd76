from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from limbeck.report.document import LineChart, Series
from limbeck.report.line_chart import HEIGHT, WIDTH, described, line_chart_svg
from report.samples import EVIL


def drawn(*series: Series, **how: str) -> ElementTree.Element:
    colours = {one.name: place for place, one in enumerate(series)}
    return ElementTree.fromstring(line_chart_svg(LineChart("loss", list(series), **how), colours, "k"))


def polylines(svg: ElementTree.Element) -> list[list[tuple[float, float]]]:
    return [
        [tuple(map(float, pair.split(","))) for pair in line.get("points", "").split()]  # type: ignore[misc]
        for line in svg.iter("polyline")
    ]


def test_higher_values_stand_higher() -> None:
    ((_, a), (_, b), (_, c)) = polylines(drawn(Series("one", [(0, 1), (1, 3), (2, 2)])))[0]
    assert b < c < a


def test_values_that_are_not_finite_leave_a_gap() -> None:
    svg = drawn(Series("one", [(0, 1), (1, 2), (2, math.nan), (3, 1), (4, math.inf), (5, 1)]))
    assert [len(line) for line in polylines(svg)] == [2, 1, 1]
    assert "nan" not in ElementTree.tostring(svg).decode()


def test_long_series_are_thinned_and_keep_their_extremes() -> None:
    values = np.random.default_rng(0).normal(size=20_000)
    values[12_345] = 50
    svg = drawn(Series("one", [(float(x), float(y)) for x, y in enumerate(values)]))
    (line,) = polylines(svg)
    assert len(line) <= 520
    assert min(y for _, y in line) == pytest.approx(14 + 0.05 / 1.1 * (HEIGHT - 46 - 14), abs=2)


@pytest.mark.parametrize(
    "points",
    [[(3, 3)], [(0, 0), (1, 0)], [(0, -5), (1, -5.001)], [(0, 1e9), (1, 2e9)], [(0, 0.1), (1, 0.10000000000000002)]],
)
def test_edges_stay_inside_the_picture(points: list[tuple[float, float]]) -> None:
    for x, y in polylines(drawn(Series("one", points)))[0]:
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


def test_legend_only_where_there_is_a_choice() -> None:
    assert (
        len(list(drawn(Series("one", [(0, 1)])).iter("text")))
        == len(list(drawn(Series("one", [(0, 1)]), Series("two", [(0, 1)])).iter("text"))) - 2
    )


def test_texts_are_escaped_and_described() -> None:
    svg = drawn(Series(EVIL, [(0, 1), (10, 0.5)]), Series("b", [(0, 2)]), x=EVIL, y=EVIL)
    assert not list(svg.iter("script")) + list(svg.iter("img"))
    told = described(LineChart("loss", [Series("a", [(0, 1), (10, 0.5)])], y="loss"))
    assert told == "loss against step. a: from 1.000 at 0 to 0.500 at 10, lowest 0.500, highest 1.000."


def test_nothing_to_draw() -> None:
    assert re.match("<p", line_chart_svg(LineChart("t", [Series("a", [(0, math.nan)])]), {}, "k"))

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from limbeck.core.errors import UsageError
from limbeck.report.document import Estimate
from limbeck.report.summary import Arm, Saving, summary_svg
from report.samples import EVIL

SVG = "{http://www.w3.org/2000/svg}"


def drawn(title: str = "t", name: str = "student", **how: object) -> ElementTree.Element:
    arms = [Arm("teacher", [Estimate(42, 36, 48)]), Arm(name, [Estimate(21, 16, 27)], strong=True)]
    return ElementTree.fromstring(summary_svg(title, panels=["R@1"], arms=arms, **how))  # type: ignore[arg-type]


def test_bars_are_in_proportion() -> None:
    bars = [float(bar.get("width", "nan")) for bar in drawn().iter(f"{SVG}rect")][1:]
    assert bars[0] == pytest.approx(2 * bars[1], abs=0.2)


def test_says_everything_in_words() -> None:
    svg = drawn(savings=[Saving("parameters", "27.4 M", "4.9 M", "5.6x")], chance=[0.4], note="made by the demo")
    description = svg.find(f"{SVG}desc")
    assert description is not None
    assert description.text == (
        "teacher: R@1 42.0 (36.0 to 48.0) %; student: R@1 21.0 (16.0 to 27.0) %. "
        "parameters: teacher 27.4 M, student 4.9 M, 5.6x"
    )
    texts = [text.text for text in svg.iter(f"{SVG}text")]
    assert {"4.9 M", "5.6x", "made by the demo", "42.0"} <= set(texts)


def test_stands_alone_in_light_and_dark() -> None:
    svg = drawn()
    style = svg.find(f"{SVG}style")
    assert style is not None
    assert "prefers-color-scheme:dark" in (style.text or "")
    assert "url(" not in (style.text or "")
    assert next(svg.iter(f"{SVG}rect")).get("class") == "card", "a ground of its own"


def test_evil_names_are_inert() -> None:
    svg = drawn(EVIL, EVIL, note=EVIL + "\x00\x1b", savings=[Saving(EVIL, EVIL, EVIL, EVIL)])
    assert {node.tag.removeprefix(SVG) for node in svg.iter()} <= {
        "svg", "title", "desc", "style", "rect", "text", "line", "path"
    }  # fmt: skip


def test_refuses_arms_that_do_not_fit() -> None:
    with pytest.raises(UsageError, match="2 panels"):
        summary_svg("t", panels=["a", "b"], arms=[Arm("x", [Estimate(1)])])

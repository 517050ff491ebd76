"""`write_report`: one HTML file that needs nothing else, neither a network nor a script."""

from __future__ import annotations

import base64
from importlib import resources
from pathlib import Path
from typing import Any

from limbeck.core.artefact import write_file
from limbeck.core.errors import UsageError
from limbeck.report.document import Block, Estimate, ForestPlot, LineChart, Picture, Report, ScatterPlot, Table
from limbeck.report.forest_plot import forest_plot_svg
from limbeck.report.line_chart import line_chart_svg
from limbeck.report.scatter_plot import scatter_plot_svg
from limbeck.report.svg import DARK, LIGHT

_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)


def write_report(path: Path, report: Report) -> None:
    """Write the report whole or not at all.

    Every text is escaped, and the page forbids itself scripts and connections, so that a caption from anybody's data
    stays a caption.

    Args:
        path: of the HTML file.
        report: what it says.
    """
    write_file(path, render(report).encode("utf-8", "replace"))


def render(report: Report) -> str:
    """The page as text."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    colours = report.colours()

    def drawn(block: Block, key: str) -> Markup:
        if isinstance(block, LineChart):
            return Markup(line_chart_svg(block, colours, key))  # texts inside are escaped by `svg.safe`
        if isinstance(block, ScatterPlot):
            return Markup(scatter_plot_svg(block, colours, key))
        assert isinstance(block, ForestPlot)
        return Markup(forest_plot_svg(block, key))

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.globals.update(
        drawn=drawn,
        data_uri=data_uri,
        bar=lambda cell, table: Markup(_bar(cell, table)),
        is_estimate=lambda cell: isinstance(cell, Estimate),
        colour=lambda name: colours.get(name, 0) % len(LIGHT),
    )
    source = resources.files("limbeck.report").joinpath("template.html").read_text(encoding="utf-8")
    values: dict[str, Any] = {"report": report, "groups": _grouped(report), "light": LIGHT, "dark": DARK}
    return environment.from_string(source).render(values)


def data_uri(picture: Picture) -> str:
    """The picture as a `data:` address; its kind is read from its bytes, never from a name."""
    for magic, kind in _KINDS:
        if picture.data.startswith(magic):
            return f"data:{kind};base64,{base64.b64encode(picture.data).decode('ascii')}"
    raise UsageError(f"picture {picture.caption!r} is not PNG, JPEG, GIF or WebP")


def _grouped(report: Report) -> list[list[tuple[str, list[Block]]]]:
    """For each section its blocks, with neighbouring charts in one group that stands side by side."""
    sections = []
    for section in report.sections:
        groups: list[tuple[str, list[Block]]] = []
        for block in section.blocks:
            if groups and block.kind == groups[-1][0] == "line_chart":
                groups[-1][1].append(block)
            else:
                groups.append((block.kind, [block]))
        sections.append(groups)
    return sections


def _bar(cell: Estimate, table: Table) -> str:
    """The interval as a line of 84 px with a dot, on the table's span."""
    if table.span is None or cell.low is None or cell.high is None:
        return ""
    low, high = table.span

    def x(value: float) -> float:
        return 2 + 80 * min(1.0, max(0.0, (value - low) / (high - low)))

    return (
        '<svg class="bar" viewBox="0 0 84 8" width="84" height="8" aria-hidden="true">'
        f'<line class="rail" x1="2" x2="82" y1="4" y2="4"/>'
        f'<line class="reach" x1="{x(cell.low):.1f}" x2="{x(cell.high):.1f}" y1="4" y2="4"/>'
        f'<circle class="mark" cx="{x(cell.value):.1f}" cy="4" r="3"/></svg>'
    )

"""`line_chart_svg`: curves as inline SVG with axes, ticks and a legend."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from limbeck.report.document import LineChart, Series, number
from limbeck.report.svg import DASHES, LIGHT, label, safe, scale, shortened, ticks, widened

WIDTH, HEIGHT = 470, 300
_LEFT, _RIGHT, _BOTTOM = 58, 22, 46
_MOST_POINTS = 500


def line_chart_svg(chart: LineChart, colours: Mapping[str, int], key: str) -> str:
    """The chart as an `<svg>`; colours come from the page's classes `c0` ... `c5`.

    Args:
        chart: what is drawn.
        colours: series name -> colour number.
        key: prefix of ids, unique on the page.
    """
    lines = [(series, _finite(series)) for series in chart.series]
    points = [point for _, part in lines for point in part]
    if not points:
        return '<p class="nothing">No values were logged.</p>'
    xs, ys = [x for x, _ in points], [y for _, y in points]
    x_low, x_high = (min(xs), max(xs)) if max(xs) > min(xs) else widened(min(xs), max(xs))
    y_low, y_high = widened(min(ys), max(ys))
    if min(ys) >= 0 and min(ys) < 0.35 * max(ys):
        y_low = 0.0
    entries, legend = _legend(chart.series, colours)
    top = 14 + legend
    x = scale(x_low, x_high, _LEFT, WIDTH - _RIGHT)
    y = scale(y_low, y_high, HEIGHT - _BOTTOM, top)
    parts = [*entries, *_axes(chart, x_low, x_high, y_low, y_high, top)]
    for series, part in lines:
        colour = colours.get(series.name, 0) % len(LIGHT)
        dash = f' stroke-dasharray="{DASHES[colour]}"' if DASHES[colour] else ""
        for run in _runs(series, part):
            path = " ".join(f"{x(px):.1f},{y(py):.1f}" for px, py in run)
            parts.append(f'<polyline class="line c{colour}" points="{path}"{dash}/>')
            if len(run) <= 24:
                parts += [f'<circle class="dot c{colour}" cx="{x(a):.1f}" cy="{y(b):.1f}" r="2.6"/>' for a, b in run]
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{key}-t {key}-d">'
        f'<title id="{key}-t">{safe(chart.title)}</title><desc id="{key}-d">{safe(described(chart))}</desc>'
        f"{''.join(parts)}</svg>"
    )


def described(chart: LineChart) -> str:
    """The chart in words, for those who do not see it."""
    told = []
    for series in chart.series:
        part = _finite(series)
        if part:
            (x0, y0), (x1, y1) = part[0], part[-1]
            told.append(
                f"{series.name}: from {number(y0, 3)} at {number(x0, 0)} to {number(y1, 3)} at {number(x1, 0)}, "
                f"lowest {number(min(y for _, y in part), 3)}, highest {number(max(y for _, y in part), 3)}"
            )
    return f"{chart.y or 'value'} against {chart.x}. " + "; ".join(told) + "."


def _axes(chart: LineChart, x_low: float, x_high: float, y_low: float, y_high: float, top: float) -> list[str]:
    x = scale(x_low, x_high, _LEFT, WIDTH - _RIGHT)
    y = scale(y_low, y_high, HEIGHT - _BOTTOM, top)
    across, up = ticks(x_low, x_high, 5), ticks(y_low, y_high, 5)
    floor = HEIGHT - _BOTTOM
    parts = []
    for mark in up:
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(mark):.1f}" y2="{y(mark):.1f}"/>')
        parts.append(f'<text class="tick end" x="{_LEFT - 8}" y="{y(mark) + 4:.1f}">{label(mark, up)}</text>')
    for mark in across:
        parts.append(f'<line class="axis" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{floor}" y2="{floor + 4}"/>')
        parts.append(f'<text class="tick middle" x="{x(mark):.1f}" y="{floor + 18}">{label(mark, across)}</text>')
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    height = (top + floor) / 2
    parts.append(f'<line class="axis" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{floor}" y2="{floor}"/>')
    parts.append(f'<text class="name middle" x="{middle:.1f}" y="{HEIGHT - 8}">{safe(chart.x)}</text>')
    parts.append(
        f'<text class="name middle" transform="translate(14 {height:.1f}) rotate(-90)">'
        f"{safe(shortened(chart.y, floor - top, 12))}</text>"
    )
    return parts


def _legend(series: Sequence[Series], colours: Mapping[str, int]) -> tuple[list[str], int]:
    """Entries from left to right, wrapped, and the height that they take."""
    if len(series) < 2:
        return [], 0
    parts: list[str] = []
    x, row = float(_LEFT), 0
    for one in series:
        name = shortened(one.name, 220, 12)
        width = 28 + 7.2 * len(name) + 14
        if x + width > WIDTH and x > _LEFT:
            x, row = float(_LEFT), row + 1
        colour = colours.get(one.name, 0) % len(LIGHT)
        dash = f' stroke-dasharray="{DASHES[colour]}"' if DASHES[colour] else ""
        y = 12 + 18 * row
        parts.append(f'<line class="line c{colour}" x1="{x:.0f}" x2="{x + 22:.0f}" y1="{y}" y2="{y}"{dash}/>')
        parts.append(f'<text class="key" x="{x + 28:.0f}" y="{y + 4}">{safe(name)}</text>')
        x += width
    return parts, 18 * (row + 1)


def _finite(series: Series) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in series.points if math.isfinite(x) and math.isfinite(y)]


def _runs(series: Series, part: list[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """The points between gaps, thinned to what the width can show (extremes of each stretch are kept)."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in series.points:
        if math.isfinite(x) and math.isfinite(y):
            runs[-1].append((float(x), float(y)))
        elif runs[-1]:
            runs.append([])
    stretch = math.ceil(2 * len(part) / _MOST_POINTS)
    return [run if len(part) <= _MOST_POINTS else _thinned(run, stretch) for run in runs if run]


def _thinned(run: list[tuple[float, float]], stretch: int) -> list[tuple[float, float]]:
    kept: list[tuple[float, float]] = [run[0]]
    for start in range(0, len(run), stretch):
        part = run[start : start + stretch]
        kept += sorted({min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])})
    return [*kept, run[-1]]

"""`scatter_plot_svg`: cost against quality as inline SVG, with the frontier drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping

from limbeck.report.document import Estimate, ScatterPlot, number
from limbeck.report.svg import LIGHT, label, safe, scale, shortened, ticks, widened

WIDTH, HEIGHT = 470, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 22, 16, 46
_LINE = 14


def scatter_plot_svg(plot: ScatterPlot, colours: Mapping[str, int], key: str) -> str:
    """The plot as an `<svg>`; points on the frontier are solid, the others hollow, every one has its name beside it.

    Args:
        plot: what is drawn.
        colours: point's name -> colour number.
        key: prefix of ids, unique on the page.
    """
    points = [p for p in plot.points if math.isfinite(p.x) and math.isfinite(p.estimate.value)]
    if not points:
        return '<p class="nothing">Nothing was measured.</p>'
    x_low, x_high = widened(min(p.x for p in points), max(p.x for p in points), 0.08)
    if min(p.x for p in points) >= 0:
        x_low = max(0.0, x_low)
    ends = [end for p in points for end in _ends(p.estimate)]
    y_low, y_high = widened(min(ends), max(ends), 0.06)
    x, y = scale(x_low, x_high, _LEFT, WIDTH - _RIGHT), scale(y_low, y_high, HEIGHT - _BOTTOM, _TOP)
    frontier = plot.frontier()
    parts = _axes(plot, (x_low, x_high), (y_low, y_high))
    path = " ".join(f"{x(p.x):.1f},{y(p.estimate.value):.1f}" for p in frontier)
    parts.append(f'<polyline class="frontier" points="{path}"/>')
    places = _label_heights([(x(p.x), y(p.estimate.value), len(p.name)) for p in points])
    for point, height in zip(points, places, strict=True):
        colour = colours.get(point.name, 0) % len(LIGHT)
        at, value = x(point.x), y(point.estimate.value)
        low, high = (y(end) for end in _ends(point.estimate))
        parts.append(f'<line class="line span c{colour}" x1="{at:.1f}" x2="{at:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>')
        solid = "" if any(point is one for one in frontier) else ' style="fill:var(--panel)" stroke-width="2"'
        parts.append(f'<circle class="dot line c{colour}" cx="{at:.1f}" cy="{value:.1f}" r="4.5"{solid}/>')
        right = at < (_LEFT + WIDTH - _RIGHT) / 2
        parts.append(
            f'<text class="key{"" if right else " end"}" x="{at + (9 if right else -9):.1f}" y="{height + 4:.1f}">'
            f"{safe(shortened(point.name, 200, 12.5))}</text>"
        )
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{key}-t {key}-d">'
        f'<title id="{key}-t">{safe(plot.title)}</title><desc id="{key}-d">{safe(described(plot))}</desc>'
        f"{''.join(parts)}</svg>"
    )


def described(plot: ScatterPlot) -> str:
    """The plot in words, for those who do not see it."""
    told = "; ".join(f"{p.name}: {p.estimate} at {number(p.x, 3)}" for p in plot.points)
    return f"{plot.y} against {plot.x}. {told}. On the frontier: {', '.join(p.name for p in plot.frontier())}."


def _axes(plot: ScatterPlot, across: tuple[float, float], up: tuple[float, float]) -> list[str]:
    x, y = scale(*across, _LEFT, WIDTH - _RIGHT), scale(*up, HEIGHT - _BOTTOM, _TOP)
    columns, rows, floor = ticks(*across, 5), ticks(*up, 5), HEIGHT - _BOTTOM
    parts = []
    for mark in rows:
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y(mark):.1f}" y2="{y(mark):.1f}"/>')
        parts.append(f'<text class="tick end" x="{_LEFT - 8}" y="{y(mark) + 4:.1f}">{label(mark, rows)}</text>')
    for mark in columns:
        parts.append(f'<line class="axis" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{floor}" y2="{floor + 4}"/>')
        parts.append(f'<text class="tick middle" x="{x(mark):.1f}" y="{floor + 18}">{label(mark, columns)}</text>')
    middle, height = (_LEFT + WIDTH - _RIGHT) / 2, (_TOP + floor) / 2
    parts.append(f'<line class="axis" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{floor}" y2="{floor}"/>')
    parts.append(f'<text class="name middle" x="{middle:.1f}" y="{HEIGHT - 8}">{safe(plot.x)}</text>')
    parts.append(
        f'<text class="name middle" transform="translate(14 {height:.1f}) rotate(-90)">'
        f"{safe(shortened(plot.y, floor - _TOP, 12))}</text>"
    )
    return parts


def _label_heights(places: list[tuple[float, float, int]]) -> list[float]:
    """Where each name stands: at its point, moved down past names that it would cover, or up at the floor."""
    spans = []
    for at, _, letters in places:
        width = 7 * letters + 9
        spans.append((at, at + width) if at < (_LEFT + WIDTH - _RIGHT) / 2 else (at - width, at))
    order = sorted(range(len(places)), key=lambda place: places[place][1])
    heights = [height for _, height, _ in places]
    floor = HEIGHT - _BOTTOM - 4.0
    for place, one in enumerate(order):
        above = [heights[other] for other in order[:place] if _overlap(spans[one], spans[other])]
        heights[one] = max(heights[one], max(above, default=-math.inf) + _LINE)
    for place, one in reversed(list(enumerate(order))):
        below = [heights[other] for other in order[place + 1 :] if _overlap(spans[one], spans[other])]
        heights[one] = min(heights[one], min(below, default=floor + _LINE) - _LINE)
    return heights


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _ends(estimate: Estimate) -> tuple[float, float]:
    if estimate.low is None or estimate.high is None:
        return estimate.value, estimate.value
    return estimate.low, estimate.high

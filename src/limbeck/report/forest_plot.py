"""`forest_plot_svg`: paired differences with intervals as inline SVG."""

from __future__ import annotations

from limbeck.report.document import Estimate, ForestPlot, ForestRow
from limbeck.report.svg import label, safe, scale, shortened, ticks, widened

WIDTH = 760
_NAMES, _VALUES, _ROW, _MARKS = 210, 190, 30, 84


def forest_plot_svg(plot: ForestPlot, key: str) -> str:
    """The plot as an `<svg>`; a difference that is not sure (its interval holds zero) is drawn hollow and grey.

    Args:
        plot: what is drawn.
        key: prefix of ids, unique on the page.
    """
    if not plot.rows:
        return '<p class="nothing">Nothing was compared.</p>'
    ends = [0.0] + [end for row in plot.rows for end in _ends(row.estimate)]
    low, high = widened(min(ends), max(ends), 0.06)
    left, right = _NAMES + 12, WIDTH - _VALUES - (_MARKS if any(row.mark for row in plot.rows) else 0)
    x = scale(low, high, left, right)
    top = 30 if plot.left or plot.right else 10
    floor = top + _ROW * len(plot.rows) + 4
    height = floor + 44
    marks = ticks(low, high, 6)
    zero = x(0.0)
    parts = []
    for mark in marks:
        parts.append(f'<line class="grid" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{top}" y2="{floor}"/>')
        text = label(mark, marks, signed=True)
        parts.append(f'<text class="tick middle" x="{x(mark):.1f}" y="{floor + 17}">{text}</text>')
    parts.append(f'<line class="axis" x1="{left}" x2="{right}" y1="{floor}" y2="{floor}"/>')
    parts.append(f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="{top - 4}" y2="{floor}"/>')
    if plot.left:  # there is nothing above the names: the text may reach over them
        text = safe(shortened(f"← {plot.left}", zero - 12, 12))
        parts.append(f'<text class="tick end" x="{zero - 8:.1f}" y="{top - 12}">{text}</text>')
    if plot.right:
        text = safe(shortened(f"{plot.right} →", WIDTH - zero - 12, 12))
        parts.append(f'<text class="tick" x="{zero + 8:.1f}" y="{top - 12}">{text}</text>')
    for place, row in enumerate(plot.rows):
        y = top + _ROW * place + _ROW / 2 + 2
        start, end = _ends(row.estimate)
        sure = "sure" if _is_sure(row) else "unsure"
        parts.append(f'<text class="key end" x="{_NAMES}" y="{y + 4:.1f}">{safe(shortened(row.name, 205, 13))}</text>')
        parts.append(
            f'<g class="{sure}"><line class="whisker" x1="{x(start):.1f}" x2="{x(end):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<circle class="point" cx="{x(row.estimate.value):.1f}" cy="{y:.1f}" r="5"/></g>'
        )
        parts.append(
            f'<text class="key" x="{right + 14}" y="{y + 4:.1f}"><tspan class="value">{row.estimate.text}</tspan>'
            f'<tspan class="tick" dx="8">{row.estimate.interval}</tspan>{_mark(row)}</text>'
        )
    parts.append(f'<text class="name middle" x="{(left + right) / 2:.1f}" y="{height - 6}">{safe(plot.x)}</text>')
    return (
        f'<svg class="chart wide" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="{key}-t {key}-d">'
        f'<title id="{key}-t">{safe(plot.title)}</title><desc id="{key}-d">{safe(_described(plot))}</desc>'
        f"{''.join(parts)}</svg>"
    )


def _is_sure(row: ForestRow) -> bool:
    start, end = _ends(row.estimate)
    return row.sure if row.sure is not None else start > 0 or end < 0


def _mark(row: ForestRow) -> str:
    return f'<tspan class="tick" dx="8">{safe(shortened(row.mark, _MARKS, 12))}</tspan>' if row.mark else ""


def _ends(estimate: Estimate) -> tuple[float, float]:
    if estimate.low is None or estimate.high is None:
        return estimate.value, estimate.value
    return estimate.low, estimate.high


def _described(plot: ForestPlot) -> str:
    rows = "; ".join(f"{row.name}: {row.estimate}{', ' + row.mark if row.mark else ''}" for row in plot.rows)
    return f"{plot.x}, with intervals. {rows}."

"""`summary_svg`: the result on one small picture, for a README."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from limbeck.core.errors import UsageError
from limbeck.report.document import Estimate, number
from limbeck.report.svg import DARK, LIGHT, safe, scale, shortened, ticks

WIDTH = 920
_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue','Noto Sans','Liberation Sans',Arial,sans-serif"


@dataclass(frozen=True)
class Arm:
    """One model of the picture.

    Args:
        name: shown beside its bars.
        values: one estimate (in %) a panel.
        strong: the model that the picture is about.
    """

    name: str
    values: Sequence[Estimate]
    strong: bool = False


@dataclass(frozen=True)
class Saving:
    """One line of the cost panel.

    Args:
        label: for example `parameters`.
        teacher: its cost as text.
        student: its cost as text.
        ratio: a few signs, for example `5.3x`.
    """

    label: str
    teacher: str
    student: str
    ratio: str


def summary_svg(
    title: str,
    *,
    panels: Sequence[str],
    arms: Sequence[Arm],
    chance: Sequence[float] = (),
    savings: Sequence[Saving] = (),
    note: str = "",
) -> str:
    """Bars with 95 % intervals beside what the student saves, as a stand-alone SVG file.

    It has a ground of its own and follows the reader's light or dark setting, so that it can be read on any page.

    Args:
        title: one line.
        panels: names of the metrics, in %.
        arms: models from top to bottom; the first is the teacher (grey).
        chance: for each panel the chance level in %.
        savings: lines of the cost panel.
        note: small print below, one line.
    """
    if any(len(arm.values) != len(panels) for arm in arms) or (chance and len(chance) != len(panels)):
        raise UsageError(
            f"the summary has {len(panels)} panels; every arm and the chance levels need one value for each"
        )
    top = 92.0
    floor = top + max(34 * len(arms), 26 * len(savings))
    row = (floor - top) / len(arms)
    height = floor + 66
    names = 24 + min(190, 20 + max((8.2 if arm.strong else 7.4) * len(arm.name) for arm in arms))
    cost = 316 if savings else 0
    room = (WIDTH - 24 - names - cost) / len(panels)
    parts = [f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="10"/>']
    parts.append(f'<text class="title" x="24" y="38">{safe(shortened(title, WIDTH - 48, 17))}</text>')
    for place, arm in enumerate(arms):
        kind = "name strong" if arm.strong else "name"
        text = safe(shortened(arm.name, names - 30, 13))
        parts.append(f'<text class="{kind}" x="24" y="{top + row * place + row / 2 + 4.5:.1f}">{text}</text>')
    for place, panel in enumerate(panels):
        left = names + room * place
        level = chance[place] if chance else None
        parts += _panel(panel, [arm.values[place] for arm in arms], level, left, left + room - 22, top, row)
    if savings:
        parts += _costs(savings, WIDTH - cost + 6, top, floor)
    parts.append(f'<text class="small" x="24" y="{height - 18}">{safe(shortened(note, WIDTH - 48, 11.5))}</text>')
    told = "; ".join(
        f"{arm.name}: " + ", ".join(f"{panel} {value} %" for panel, value in zip(panels, arm.values, strict=True))
        for arm in arms
    )
    saved = "; ".join(f"{s.label}: teacher {s.teacher}, student {s.student}, {s.ratio}" for s in savings)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-labelledby="t d"><title id="t">{safe(title)}</title>'
        f'<desc id="d">{safe(told)}. {safe(saved)}</desc><style>{_style()}</style>{"".join(parts)}</svg>\n'
    )


def _panel(
    name: str, values: Sequence[Estimate], chance: float | None, left: float, right: float, top: float, row: float
) -> list[str]:
    most = max([v.high if v.high is not None else v.value for v in values] + [1.0])
    end = 100.0 if most > 80 else 10.0 * -(-most // 10)
    start, stop = left, right - 52
    x = scale(0.0, end, start, stop)
    floor = top + row * len(values)
    parts = [f'<text class="panel" x="{start:.1f}" y="{top - 14}">{safe(name)}, %</text>']
    marks = ticks(0.0, end, 4)
    for mark in marks:
        parts.append(f'<line class="grid" x1="{x(mark):.1f}" x2="{x(mark):.1f}" y1="{top}" y2="{floor}"/>')
        parts.append(f'<text class="tick" x="{x(mark):.1f}" y="{floor + 16}">{number(mark, 0)}</text>')
    for place, value in enumerate(values):
        y = top + row * place + row / 2
        colour = place % len(LIGHT)
        parts.append(
            f'<rect class="b{colour}" x="{start:.1f}" y="{y - 8:.1f}" width="{max(0.0, x(value.value) - start):.1f}" '
            f'height="16" rx="2"/>'
        )
        tip = x(value.value)
        if value.low is not None and value.high is not None:
            low, tip = x(value.low), x(value.high)
            drawn = f'd="M{low:.1f} {y:.1f}H{tip:.1f}M{low:.1f} {y - 4:.1f}v8M{tip:.1f} {y - 4:.1f}v8"'
            parts.append(f'<path class="halo" {drawn}/><path class="whisker" {drawn}/>')
        parts.append(f'<text class="value" x="{tip + 8:.1f}" y="{y + 4.5:.1f}">{number(value.value, 1)}</text>')
    if chance is not None:
        at = f"{x(min(chance, end)):.1f}"
        parts.append(f'<line class="chance" x1="{at}" x2="{at}" y1="{top - 2}" y2="{floor + 2}"/>')
    return parts


def _costs(savings: Sequence[Saving], left: float, top: float, floor: float) -> list[str]:
    right = WIDTH - 24
    parts = [f'<line class="rule" x1="{left - 8:.0f}" x2="{left - 8:.0f}" y1="{top - 30}" y2="{floor + 18}"/>']
    columns = ((left + 8, "start"), (left + 148, "end"), (left + 214, "end"), (right, "end"))
    for (x, anchor), head in zip(columns, ("", "teacher", "student", "ratio"), strict=True):
        parts.append(f'<text class="panel {anchor}" x="{x:.0f}" y="{top - 14}">{head}</text>')
    step = (floor - top) / max(1, len(savings))
    for place, saving in enumerate(savings):
        y = top + step * place + step / 2 + 4.5
        texts = (saving.label, saving.teacher, saving.student, saving.ratio)
        kinds = ("small", "name", "name strong", "ratio")
        for (x, anchor), text, kind in zip(columns, texts, kinds, strict=True):
            parts.append(f'<text class="{kind} {anchor}" x="{x:.0f}" y="{y:.1f}">{safe(text)}</text>')
    return parts


def _style() -> str:
    def theme(card: str, line: str, ink: str, soft: str, rail: str, good: str, colours: Sequence[str]) -> str:
        bars = "".join(f".b{place}{{fill:{colour}}}" for place, colour in enumerate(colours))
        return (
            f".card{{fill:{card};stroke:{line}}}text{{fill:{ink}}}.small,.tick,.panel{{fill:{soft}}}"
            f".grid,.rule{{stroke:{rail}}}.halo{{stroke:{card}}}.whisker{{stroke:{ink}}}.chance{{stroke:{soft}}}.ratio{{fill:{good}}}{bars}"
        )

    fixed = (
        f"text{{font-family:{_FONT};font-size:13px;font-variant-numeric:tabular-nums}}.title{{font-size:17px;font-weight:650}}"
        ".panel{font-size:12px;font-weight:600}.small{font-size:11.5px}.tick{font-size:11px;text-anchor:middle}"
        ".value{font-size:12.5px;font-weight:600}.strong,.ratio{font-weight:680}.end{text-anchor:end}"
        ".whisker,.halo{fill:none;stroke-width:1.3}"
        ".halo{stroke-width:3.4;stroke-linecap:square;stroke-opacity:.75}.chance{stroke-width:1.3;stroke-dasharray:2 3}"
    )
    light = theme("#ffffff", "#d9dde2", "#1b1f24", "#57606a", "#e6e9ed", "#00694b", LIGHT)
    dark = theme("#161b21", "#2c343d", "#e8ecf0", "#a9b3be", "#2a323b", "#4fd6ac", DARK)
    return f"{fixed}{light}@media (prefers-color-scheme:dark){{{dark}}}"

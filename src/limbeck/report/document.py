"""What a report holds: frozen blocks that know nothing of HTML or of terminals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from limbeck.core.errors import UsageError

MISSING = "\N{EN DASH}"  # what tables print for "no value"
MINUS = "\N{MINUS SIGN}"


def number(value: float, digits: int, *, signed: bool = False) -> str:
    """A number with a true minus sign and thousands apart; what is not finite becomes a dash.

    >>> number(1.25, 1), number(0.25, 2, signed=True)
    ('1.2', '+0.25')
    """
    if not math.isfinite(value):
        return MISSING
    rounded = round(value, digits) + 0.0
    sign = MINUS if rounded < 0 else "+" if signed and rounded > 0 else ""
    return sign + f"{abs(rounded):,.{digits}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")


@dataclass(frozen=True)
class Estimate:
    """A number as it is shown, with its interval.

    Args:
        value: in the unit shown (34.2 for 34.2 %).
        low: lower end, or None where there is no interval.
        high: upper end.
        unit: shown after the number where the column does not say it.
        digits: after the point.
        signed: show a plus sign (differences).
    """

    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    digits: int = 1
    signed: bool = False

    @property
    def text(self) -> str:
        """The value with its unit."""
        shown = number(self.value, self.digits, signed=self.signed)
        return shown if not self.unit or shown == MISSING else f"{shown}\N{NO-BREAK SPACE}{self.unit}"

    @property
    def interval(self) -> str:
        """`28.6 to 40.3`, or an empty text."""
        if self.low is None or self.high is None:
            return ""
        low, high = (number(end, self.digits, signed=self.signed) for end in (self.low, self.high))
        return f"{low} to {high}"

    def __str__(self) -> str:
        return f"{self.text} ({self.interval})" if self.interval else self.text


Cell = str | Estimate


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Args:
        name: the row's header.
        cells: one a column.
        strong: the row that the reader came for.
        group: header over neighbouring rows of the same group; "" has none.
    """

    name: str
    cells: Sequence[Cell]
    strong: bool = False
    group: str = ""


@dataclass(frozen=True)
class Table:
    """A table of texts and estimates.

    Args:
        caption: what it shows, in one sentence.
        columns: headers; the first is that of the rows' names.
        rows: each with one cell less than there are columns.
        note: small print.
        span: smallest and largest value of the little interval bars under the estimates; None draws none.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Row]
    note: str = ""
    span: tuple[float, float] | None = None

    kind = "table"

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns) - 1:
                raise UsageError(
                    f"row {row.name!r} of table {self.caption!r} has {len(row.cells)} cells "
                    f"for {len(self.columns) - 1} columns"
                )

    def groups(self) -> list[tuple[str, list[Row]]]:
        """Neighbouring rows of one group together."""
        return [(name, list(rows)) for name, rows in groupby(self.rows, key=lambda row: row.group)]

    def numeric(self, column: int) -> bool:
        """Whether a column (0 is the first after the names) holds nothing but numbers and dashes."""
        cells = [row.cells[column] for row in self.rows]
        return any(isinstance(cell, Estimate) for cell in cells) and all(
            isinstance(cell, Estimate) or cell in ("", MISSING) for cell in cells
        )


@dataclass(frozen=True)
class Series:
    """One line of a chart.

    Args:
        name: shown in the legend; the same name has the same colour in the whole report.
        points: `(x, y)` in the order of x; points that are not finite leave a gap.
    """

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class LineChart:
    """Curves over one axis.

    Args:
        title: heading.
        series: lines.
        x: label of the horizontal axis with its unit.
        y: label of the vertical axis with its unit.
        caption: small print.
    """

    title: str
    series: Sequence[Series]
    x: str = "step"
    y: str = ""
    caption: str = ""

    kind = "line_chart"


@dataclass(frozen=True)
class ForestRow:
    """One difference of a forest plot.

    Args:
        name: what differs.
        estimate: difference with its interval.
        sure: drawn solid; None asks whether the interval leaves zero out.
        mark: shown after the interval.
    """

    name: str
    estimate: Estimate
    sure: bool | None = None
    mark: str = ""


@dataclass(frozen=True)
class ForestPlot:
    """Paired differences with intervals around a line of no difference.

    Args:
        title: heading.
        rows: from top to bottom.
        x: label of the axis with its unit.
        left: what a value below zero favours.
        right: what a value above zero favours.
        caption: small print.
    """

    title: str
    rows: Sequence[ForestRow]
    x: str = "difference"
    left: str = ""
    right: str = ""
    caption: str = ""

    kind = "forest_plot"


@dataclass(frozen=True)
class ScatterPoint:
    """One point of a scatter plot: a name, what it costs, and its quality with an interval."""

    name: str
    x: float
    estimate: Estimate


@dataclass(frozen=True)
class ScatterPlot:
    """Cost against quality; points that no cheaper one equals are joined by a line.

    Args:
        title: heading.
        points: in any order; those whose place is not finite are left out.
        x: label with its unit; less is better.
        y: label with its unit.
        rising: whether more of y is better.
        caption: small print.
    """

    title: str
    points: Sequence[ScatterPoint]
    x: str
    y: str
    rising: bool = True
    caption: str = ""

    kind = "line_chart"  # stands beside other charts

    def frontier(self) -> list[ScatterPoint]:
        """The points that no other is both as cheap and as good as, from cheap to dear; of equal ones the first."""
        sign, kept = 1 if self.rising else -1, list[ScatterPoint]()
        usable = [p for p in self.points if math.isfinite(p.x) and math.isfinite(p.estimate.value)]
        for point in sorted(usable, key=lambda p: (p.x, -sign * p.estimate.value)):
            if not kept or sign * point.estimate.value > sign * kept[-1].estimate.value:
                kept.append(point)
        return kept


@dataclass(frozen=True)
class Picture:
    """An encoded picture with its caption.

    Args:
        data: PNG, JPEG, GIF or WebP bytes.
        caption: shown below, and read aloud in its place.
        right: whether it is a right answer; None where nobody says so.
    """

    data: bytes
    caption: str
    right: bool | None = None


@dataclass(frozen=True)
class Answers:
    """What each model finds for one query.

    Args:
        query: the text.
        found: model -> pictures, best first.
    """

    query: str
    found: Mapping[str, Sequence[Picture]]


@dataclass(frozen=True)
class PictureGrid:
    """Queries with the pictures that each model finds, models side by side.

    Args:
        title: heading.
        rows: one a query.
        caption: small print.
    """

    title: str
    rows: Sequence[Answers]
    caption: str = ""

    kind = "picture_grid"

    @property
    def models(self) -> list[str]:
        """Every model, in order of appearance."""
        return list(dict.fromkeys(model for row in self.rows for model in row.found))


@dataclass(frozen=True)
class Facts:
    """Names and values: a data card, provenance.

    Args:
        title: heading.
        items: name -> value, or several values.
        note: small print.
    """

    title: str
    items: Mapping[str, str | Sequence[str]]
    note: str = ""

    kind = "facts"

    def lines(self) -> list[tuple[str, list[str]]]:
        """Each name with the list of its values."""
        return [(name, [value] if isinstance(value, str) else list(value)) for name, value in self.items.items()]


@dataclass(frozen=True)
class Commands:
    """Lines to copy and paste.

    Args:
        title: heading.
        lines: shell commands.
        note: small print.
    """

    title: str
    lines: Sequence[str]
    note: str = ""

    kind = "commands"


Block = Table | LineChart | ScatterPlot | ForestPlot | PictureGrid | Facts | Commands


@dataclass(frozen=True)
class Section:
    """A chapter of a report.

    Args:
        title: heading, also in the contents.
        blocks: from top to bottom; neighbouring charts stand side by side.
        lead: one or two sentences before them.
    """

    title: str
    blocks: Sequence[Block]
    lead: str = ""


@dataclass(frozen=True)
class Figure:
    """A number that the reader should leave with.

    Args:
        label: what it is.
        value: the number as text.
        note: what it is compared with, its interval.
    """

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Report:
    """A whole report.

    Args:
        title: heading and title of the page.
        summary: sentences; the first is the result.
        sections: chapters.
        figures: headline numbers; leave them out when a control failed.
        warnings: what the reader must know before believing anything ("headline withheld: ...").
        made: when and by which version, one line.
        series: names in the order of the colours; other names follow in order of appearance.
    """

    title: str
    summary: Sequence[str]
    sections: Sequence[Section]
    figures: Sequence[Figure] = ()
    warnings: Sequence[str] = ()
    made: str = ""
    series: Sequence[str] = ()

    def colours(self) -> dict[str, int]:
        """Series name -> number of its colour, the same in every chart."""
        names = list(self.series)
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, LineChart):
                    names += [series.name for series in block.series]
                if isinstance(block, ScatterPlot):
                    names += [point.name for point in block.points]
                if isinstance(block, PictureGrid):
                    names += block.models
        return {name: place for place, name in enumerate(dict.fromkeys(names))}

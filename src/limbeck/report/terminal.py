"""`print_table`: a table in a terminal (rich), or as plain aligned text where the output is a file or a pipe."""

from __future__ import annotations

import sys
import unicodedata
from typing import TYPE_CHECKING, TextIO

from limbeck.report.document import Cell, Table

if TYPE_CHECKING:
    from rich.text import Text


def print_table(table: Table, *, stream: TextIO | None = None) -> None:
    """Print to `stream` (standard output by default); colours and lines only on a terminal."""
    out = sys.stdout if stream is None else stream
    if out.isatty():
        _print_rich(table, out)
    else:
        encoding = getattr(out, "encoding", None) or "utf-8"
        out.write(plain_table(table).encode(encoding, "replace").decode(encoding) + "\n")


def plain_table(table: Table) -> str:
    """The table as lines of aligned columns, without colours.

    >>> from limbeck.report.document import Estimate, Row
    >>> print(plain_table(Table("Retrieval", ("model", "R@1"), [Row("student", [Estimate(34.2, 28.6, 40.3)])])))
    Retrieval
    model                    R@1
    student  34.2 (28.6 to 40.3)
    """
    lines = [[_clean(name) for name in table.columns]]
    for group, rows in table.groups():
        lines += [[_clean(group), *[""] * (len(table.columns) - 1)]] if group else []
        indent = "  " if group else ""
        lines += [[indent + _clean(row.name), *(_text(cell) for cell in row.cells)] for row in rows]
    widths = [max(_width(line[place]) for line in lines) for place in range(len(table.columns))]
    right = [False, *(table.numeric(place) for place in range(len(table.columns) - 1))]
    body = [
        "  ".join(_padded(text, width, end) for text, width, end in zip(line, widths, right, strict=True)).rstrip()
        for line in lines
    ]
    note = [_clean(table.note)] if table.note else []
    return "\n".join([_clean(table.caption), *body, *note])


def _print_rich(table: Table, out: TextIO) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    shown = RichTable(
        title=Text(_clean(table.caption), style="bold"),
        title_justify="left",
        caption=Text(_clean(table.note), style="dim") if table.note else None,
        caption_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for place, name in enumerate(table.columns):
        end = place > 0 and table.numeric(place - 1)
        shown.add_column(Text(_clean(name)), justify="right" if end else "left")
    for group, rows in table.groups():
        if group:
            shown.add_row(Text(_clean(group), style="cyan"))
        for row in rows:
            # Text, not markup: a row called "[red]" is a row called "[red]"
            cells = [Text(("  " if group else "") + _clean(row.name)), *(_rich_cell(cell, Text) for cell in row.cells)]
            shown.add_row(*cells, style="bold" if row.strong else None)
    Console(file=out).print(shown)


def _rich_cell(cell: Cell, text: type[Text]) -> Text:
    if isinstance(cell, str):
        return text(_clean(cell))
    made = text(cell.text)
    if cell.interval:
        made.append(f" ({cell.interval})", style="dim not bold")
    return made


def _text(cell: Cell) -> str:
    return _clean(str(cell))


def _clean(text: str) -> str:
    """One line without control characters: a name cannot move the cursor or colour the screen."""
    return "".join(sign if unicodedata.category(sign) not in ("Cc", "Cs") else " " for sign in text)


def _width(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(sign) in ("W", "F") for sign in text)
    return len(text) + wide - sum(unicodedata.combining(sign) > 0 for sign in text)


def _padded(text: str, width: int, end: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if end else text + space

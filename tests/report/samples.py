"""One report with every kind of block, and texts that try to break out of each."""

from __future__ import annotations

import io

from PIL import Image

from limbeck.report.document import (
    Answers,
    Commands,
    Estimate,
    Facts,
    Figure,
    ForestPlot,
    ForestRow,
    LineChart,
    Picture,
    PictureGrid,
    Report,
    Row,
    Section,
    Series,
    Table,
)

SCRIPT = "<script>document.title='owned'</script>"
EVIL = f"\"'><img src=x onerror=\"document.title='owned'\">{SCRIPT}</svg></title>{{{{ 7*7 }}}}&lt;"


def png(colour: str = "red") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(stream, "PNG")
    return stream.getvalue()


def full(text: str = "plain") -> Report:
    """Every text of the report is `text`."""
    estimate = Estimate(34.2, 28.6, 40.3)
    rows = [Row(text, [text, estimate], group=text), Row(text, ["", estimate], strong=True)]
    table = Table(text, (text, text, text), rows, note=text, span=(0, 100))
    chart = LineChart(
        text, [Series(text, [(0, 1), (1, 2)]), Series(text + "2", [(0, 2), (1, 1)])], x=text, y=text, caption=text
    )
    forest = ForestPlot(
        text, [ForestRow(text, Estimate(1, -1, 3, signed=True))], x=text, left=text, right=text, caption=text
    )
    pictures = [Picture(png(), text, right=True), Picture(png("blue"), text)]
    grid = PictureGrid(text, [Answers(text, {text: pictures, text + "2": pictures})], caption=text)
    facts = Facts(text, {text: text, "several": [text, text]}, note=text)
    blocks = [table, chart, chart, forest, grid, facts, Commands(text, [text], note=text)]
    return Report(
        text, [text], [Section(text, blocks, lead=text)], figures=[Figure(text, text, text)], warnings=[text], made=text
    )

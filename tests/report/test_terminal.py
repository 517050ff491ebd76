from __future__ import annotations

import io
import subprocess
import sys

from limbeck.report.document import Estimate, Row, Table
from limbeck.report.terminal import plain_table, print_table

TABLE = Table(
    "Retrieval",
    ("metric", "student", "note"),
    [
        Row("R@1", [Estimate(34.2, 28.6, 40.3), "图"], group="image → text"),
        Row("R@10 [red]", [Estimate(7.0), "x"], group="image → text", strong=True),
    ],
    note="all in %",
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_is_aligned() -> None:
    assert plain_table(TABLE).splitlines() == [
        "Retrieval",
        "metric                    student  note",
        "image → text",
        "  R@1         34.2 (28.6 to 40.3)  图",
        "  R@10 [red]                  7.0  x",
        "all in %",
    ]


def test_a_pipe_gets_plain_text_in_its_own_encoding() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    print_table(TABLE, stream=stream)
    stream.flush()
    assert b"image ? text" in stream.buffer.getvalue()  # type: ignore[attr-defined]
    assert b"\x1b" not in stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_a_terminal_gets_the_same_words() -> None:
    stream = Terminal()
    print_table(TABLE, stream=stream)
    for word in ("Retrieval", "34.2", "28.6 to 40.3", "R@10 [red]", "image → text", "all in %"):
        assert word in stream.getvalue()


def test_control_characters_never_reach_the_screen() -> None:
    evil = Table("a\x1b[2Jb", ("", "c\nd"), [Row("e\x07f", ["g\rh\x9b"])], note="i\x00j")
    stream = Terminal()
    print_table(evil, stream=stream)
    for text in (plain_table(evil), stream.getvalue()):
        assert not set(text) & set("\x07\r\x00\x9b")
        assert "\x1b[2J" not in text
    assert len(plain_table(evil).splitlines()) == 4


def test_rich_and_jinja_are_imported_late() -> None:
    code = "import sys, limbeck.report.write, limbeck.report.terminal; "
    code += "print({'rich', 'jinja2', 'torch'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"

"""Progress goes to stderr with the seconds."""

from __future__ import annotations

from limbeck.pipeline.notify import silent, to_stderr


def test_lines_go_to_stderr(capsys):
    silent("nothing")
    say = to_stderr()
    say("half done")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("[")
    assert said.err.endswith(" s] half done\n")

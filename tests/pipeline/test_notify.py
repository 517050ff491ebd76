"""Progress goes to stderr with the seconds."""

from __future__ import annotations

from limbeck.pipeline.notify import counted, silent, to_stderr


def test_lines_go_to_stderr(capsys):
    silent("nothing")
    say = to_stderr()
    say("half done")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("[")
    assert said.err.endswith(" s] half done\n")


def test_a_long_job_says_how_far_it_is():
    said = []
    tick = counted(said.append, "reading rows", every=0)(3)
    for _ in range(3):
        tick()
    assert said == ["reading rows: 1 of 3", "reading rows: 2 of 3"]
    tick = counted(said.append, "reading rows")(3)
    tick()
    assert len(said) == 2

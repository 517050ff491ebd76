from __future__ import annotations

import pytest

from limbeck.stages import progress


def test_plain_lines_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    bar = progress.Progress("main", total=100, done=40)
    for step in range(41, 101):
        now[0] += 1
        bar.update(step, 8, 0.5)
    bar.note("a validation")
    bar.close()
    said = capsys.readouterr()
    assert said.out == ""
    lines = said.err.splitlines()
    assert lines[0] == "main: step 55/100, loss 0.5000, 8 rows/s, 0:45 left"
    assert lines[-2:] == ["main: step 100/100, loss 0.5000, 8 rows/s, 0:00 left", "a validation"]
    assert len(lines) == 5


def test_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    bar = progress.Progress("main", total=1, shown=False)
    bar.update(1, 1, 0.0)
    bar.note("x")
    bar.close()
    assert capsys.readouterr().err == ""


def test_bar_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    bar = progress.Progress("main", total=2)
    bar.update(2, 8, 0.25)
    bar.note("validated")
    bar.close()
    said = capsys.readouterr().err
    assert "main" in said
    assert "2/2" in said
    assert "validated" in said


def test_clock() -> None:
    assert [progress._clock(s) for s in (0, 59.6, 3599, 3600, 36061)] == [
        "0:00",
        "1:00",
        "59:59",
        "1:00:00",
        "10:01:01",
    ]

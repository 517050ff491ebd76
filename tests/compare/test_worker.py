"""A process of a crew: lines in, lines out, gone when nobody is left to ask."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import torch

from limbeck.compare.crew import _environment
from limbeck.compare.worker import main

OPENER = "compare.desks:opener"


def lines(tmp_path: Path, *tasks: dict[str, str]) -> list[dict[str, object]]:
    answers = io.StringIO()
    asked = io.StringIO("".join(json.dumps(task) + "\n" for task in tasks))
    before = torch.get_num_threads()
    assert main([OPENER, str(tmp_path / "plan.json"), str(before)], asked=asked, answers=answers) == 0
    return [json.loads(line) for line in answers.getvalue().splitlines()]


def test_a_task_says_what_it_does_and_that_it_is_done(tmp_path: Path):
    assert lines(tmp_path, {"name": "a"}, {"name": "b"}) == [
        {"say": "doing a"},
        {"done": True},
        {"say": "doing b"},
        {"done": True},
    ]
    assert {path.name for path in tmp_path.iterdir()} == {"a.done", "b.done"}


def test_errors_are_answers_and_the_next_task_is_done(tmp_path: Path):
    found = lines(
        tmp_path, {"name": "a", "fail": "DataError"}, {"name": "b", "fail": "ZeroDivisionError"}, {"name": "c"}
    )
    assert [line for line in found if "say" not in line] == [
        {"error": "bad row 7", "kind": "DataError"},
        {"error": "division by zero", "kind": "ZeroDivisionError"},
        {"done": True},
    ]


def test_it_leaves_when_its_parent_is_gone(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-m", "limbeck.compare.worker", OPENER, str(tmp_path / "plan.json"), "1"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment(),
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b'{"name": "a"}\n')
    process.stdin.flush()
    assert process.stdout.readline() == b'{"say": "doing a"}\n'
    process.stdin.close()  # as a kill of the parent does
    assert process.wait(30) == 0
    process.stdout.close()

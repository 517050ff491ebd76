"""Fault 2, end to end: `limbeck distill` killed with SIGKILL in training, then typed again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from limbeck.core.artefact import verify
from pipeline import worlds


def command(out: Path, **changes: object) -> list[str]:
    found = [sys.executable, "-m", "limbeck", "distill", worlds.data()]
    for name, value in worlds.arguments(out, steps=40, **changes).items():
        found += [f"--{name.replace('_', '-')}", str(value)]
    return found


def environment() -> dict[str, str]:
    source = str(Path(__file__).parents[2] / "src")
    return {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": source}


def kill_after(folder: Path, lines: int, arguments: list[str]) -> int:
    """Start, wait until so many steps are logged, SIGKILL; returns the exit code."""
    log = folder / "metrics.jsonl"
    process = subprocess.Popen(arguments, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 300
    while process.poll() is None and time.monotonic() < deadline:
        if log.exists() and log.read_bytes().count(b"\n") > lines:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.005)
    return process.wait(60)


@pytest.mark.slow
@pytest.mark.parametrize("student", ["clip", "conv-s"])
def test_killed_twice_and_typed_again_is_the_same_model(student, tmp_path):
    options = {} if student == "clip" else {"student": student}
    subprocess.run(command(tmp_path / "whole", **options), env=environment(), check=True, capture_output=True)
    arguments = command(tmp_path / "killed", **options)
    for lines in (9, 22):
        assert kill_after(tmp_path / "killed", lines, arguments) == -signal.SIGKILL
        assert not (tmp_path / "killed" / "manifest.json").exists()
    done = subprocess.run(arguments, env=environment(), check=True, capture_output=True, text=True)
    assert "teacher.image, image+text rows: 58 outputs, 58 of them reused" in done.stderr
    for folder in ("whole", "killed"):
        verify(tmp_path / folder, kind="run")
    assert worlds.weights(tmp_path / "killed") == worlds.weights(tmp_path / "whole")
    assert (tmp_path / "killed" / "evaluation.json").read_bytes() == (
        tmp_path / "whole" / "evaluation.json"
    ).read_bytes()


@pytest.mark.slow
def test_an_interrupt_leaves_with_6_and_the_same_command_goes_on(tmp_path):
    arguments = command(tmp_path / "run")
    log = tmp_path / "run" / "metrics.jsonl"
    process = subprocess.Popen(
        arguments, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    while process.poll() is None and not (log.exists() and log.read_bytes().count(b"\n") > 5):
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 6, said
    assert said.rstrip("\n").rpartition("\n")[2].startswith("limbeck: ")
    subprocess.run(arguments, env=environment(), check=True, capture_output=True)
    verify(tmp_path / "run", kind="run")

"""Fault 24: SIGINT once leaves a checkpoint and exit code 6, twice leaves at once."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from faults import tools, training
from limbeck.stages import checkpoint


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once(tmp_path: Path, number: signal.Signals, workers: int) -> None:
    child = training.reach(tmp_path, 6, 0.02, workers)
    os.kill(child.pid, number)
    outcome = child.wait()
    assert outcome.code == 6, outcome
    assert "run the same command again to go on" in outcome.said
    found = checkpoint.newest_valid(tmp_path / "checkpoints" / "main")
    lines = training.steps_logged(tmp_path)
    assert found is not None
    assert found.step == max(lines) >= 6  # nothing that was done is lost
    assert tools.run(training.train, tmp_path).code == 0
    assert training.steps_logged(tmp_path) == list(range(training.STEPS + 1))


def test_twice(tmp_path: Path) -> None:
    child = training.reach(tmp_path, 1, 0.5)
    os.kill(child.pid, signal.SIGINT)
    time.sleep(0.1)
    before = time.monotonic()
    os.kill(child.pid, signal.SIGINT)
    outcome = child.wait()
    assert time.monotonic() - before < 0.4  # not even the batch that it was waiting for
    assert outcome.code == 6
    assert checkpoint.newest_valid(tmp_path / "checkpoints" / "main") is None
    assert tools.run(training.train, tmp_path, 0.0, 0, None, 10).code == 0


def parent(pid: int) -> int:
    """The parent of a process, 0 where it has gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def test_a_terminal_interrupts_workers_as_well(tmp_path: Path) -> None:
    child = training.reach(tmp_path, 6, 0.02, 1)
    family = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if parent(pid) == child.pid]
    assert family
    for pid in (child.pid, *family):
        os.kill(pid, signal.SIGINT)
    outcome = child.wait()
    assert outcome.code == 6, outcome
    assert checkpoint.newest_valid(tmp_path / "checkpoints" / "main") is not None


def test_before_the_first_step(tmp_path: Path) -> None:
    child = tools.spawn(training.train, tmp_path, 1.0).go()
    child.until((tmp_path / "metrics.jsonl").exists, every=0.002)
    os.kill(child.pid, signal.SIGINT)
    outcome = child.wait()
    assert outcome.code == 6
    assert "before there was anything to save" in outcome.said

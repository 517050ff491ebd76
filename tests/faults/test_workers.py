"""Fault 24: a data-loader worker that is killed ends the run with one sentence, and the run goes on bit-equal."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from faults import tools, training
from faults.test_resume import everything
from faults.test_resume_run import command, environment
from faults.test_signals import parent
from limbeck.core.artefact import verify
from limbeck.core.errors import ResourceError
from limbeck.data.loader import _received
from limbeck.stages import checkpoint
from pipeline import worlds as pipelines
from stages import worlds


def workers_of(pid: int) -> list[int]:
    """The children of a process."""
    return [each for each in map(int, filter(str.isdigit, os.listdir("/proc"))) if parent(each) == pid]


def slowly(folder: Path) -> None:
    """A training whose process is nearly always in the middle of a step, never waiting for a batch."""
    quick = worlds.Small.forward

    def slow(self: worlds.Small, view: Any, **given: Any) -> Any:
        time.sleep(0.02)
        return quick(self, view, **given)

    worlds.Small.forward = slow  # type: ignore[method-assign]
    training.train(folder, 0.0, 2)


def waiting(folder: Path) -> None:
    """A training whose process nearly always waits for a batch."""
    training.train(folder, 0.02, 2)


@pytest.mark.parametrize("victim", [0, 1])
@pytest.mark.parametrize("target", [slowly, waiting])
def test_a_killed_worker(tmp_path: Path, target: Callable[[Path], None], victim: int) -> None:
    """Torch reports the death from a signal handler, at whatever line the main process is."""
    child = tools.spawn(target, tmp_path).go()
    assert training.wait_for(child, tmp_path, 12)
    family = workers_of(child.pid)
    assert len(family) == 2
    os.kill(family[victim], signal.SIGKILL)
    outcome = child.wait()
    assert outcome.code == ResourceError.exit_code == 5, outcome
    assert outcome.said.startswith("ResourceError: a data-loader worker died")
    assert outcome.said.endswith("--workers 0, and type the same command again to go on")
    assert "\n" not in outcome.said
    kept = checkpoint.newest_valid(tmp_path / "checkpoints" / "main")
    assert kept is not None
    assert max(training.steps_logged(tmp_path)) - training.EVERY < kept.step
    assert not [pid for pid in family if parent(pid) in (child.pid, 1)]  # the other worker has gone as well


def test_it_goes_on_bit_equal(tmp_path: Path) -> None:
    assert tools.run(training.train, tmp_path / "whole", 0.0, 2).code == 0
    for step in (8, 23, 41):
        child = training.reach(tmp_path / "killed", step, 0.003, 2)
        os.kill(workers_of(child.pid)[step % 2], signal.SIGKILL)
        assert child.wait().code == ResourceError.exit_code
    assert tools.run(training.train, tmp_path / "killed", 0.0, 2).code == 0
    assert int((tmp_path / "killed" / "resumed.json").read_text()) >= 35
    assert everything(tmp_path / "killed") == everything(tmp_path / "whole")


class Dying:
    """Stands for torch's iterator when a worker dies between sending a batch and handing it over."""

    def __init__(self, error: Exception) -> None:
        self.error, self.watched = error, True

    def __iter__(self) -> Dying:
        return self

    def __next__(self) -> None:
        raise self.error

    def _shutdown_workers(self) -> None:
        self.watched = False


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (ConnectionResetError(104, "Connection reset by peer"), "DataLoader worker gone .*Connection reset"),
        (EOFError(), "DataLoader worker gone"),
        (RuntimeError("received 0 items of ancdata"), "DataLoader worker gone .*ancdata"),
        (RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. "), "pid 7"),
        (EOFError("Caught EOFError in DataLoader worker process 0."), "^Caught"),
        (RuntimeError("something else"), "^something else$"),
    ],
)
def test_a_death_is_known_by_its_socket_and_ends_torchs_watch(error: Exception, found: str) -> None:
    """With the watch on, torch's late signal raised a second error while the first was being printed: exit code 1."""
    dying = Dying(error)
    with pytest.raises((RuntimeError, EOFError), match=found) as caught:
        list(_received(dying))
    assert caught.value is error or "worker gone" in str(caught.value)
    assert not dying.watched


@pytest.mark.slow
def test_limbeck_distill_with_a_killed_worker(tmp_path: Path) -> None:
    subprocess.run([*command(tmp_path / "whole"), "--workers", "2"], env=environment(), check=True, capture_output=True)
    arguments = [*command(tmp_path / "killed"), "--workers", "2"]
    log = tmp_path / "killed" / "metrics.jsonl"
    process = subprocess.Popen(
        arguments, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    while process.poll() is None and not (log.exists() and log.read_bytes().count(b"\n") > 9):
        time.sleep(0.002)
    os.kill(max(workers_of(process.pid)), signal.SIGKILL)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == ResourceError.exit_code, said
    assert said.rstrip("\n").rpartition("\n")[2].startswith("limbeck: a data-loader worker died")
    assert "Traceback" not in said
    assert checkpoint.newest_valid(tmp_path / "killed" / "checkpoints" / "student") is not None
    subprocess.run(arguments, env=environment(), check=True, capture_output=True)
    verify(tmp_path / "killed", kind="run")
    assert pipelines.weights(tmp_path / "killed") == pipelines.weights(tmp_path / "whole")

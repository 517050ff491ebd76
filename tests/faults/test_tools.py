"""The tools hurt what they say they hurt: a fault test with a blunt tool proves nothing."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from faults import tools
from limbeck.core.errors import ArtefactError


def writes(path: str) -> None:
    for _ in range(3):
        with open(path, "ab", buffering=0) as stream:
            stream.write(b"x" * 10)
            os.fsync(stream.fileno())
    os.rename(path, path + ".done")


def refuses() -> None:
    raise ArtefactError("no")


def sleeps() -> None:
    time.sleep(60)


def test_outcomes_tell_success_error_crash_and_kill() -> None:
    assert tools.run(os.getpid).code == 0
    assert tools.run(refuses) == tools.Outcome(4, "ArtefactError: no")
    assert tools.run(int, "x").code == tools.CRASHED
    assert tools.kill_at_random(sleeps, rng=random.Random(0), longest=0.05).code == -signal.SIGKILL


def test_faults_strike_at_the_chosen_call(tmp_path: Path) -> None:
    calls = tools.syscalls(writes, str(tmp_path / "a"))
    assert (calls["write"], calls["fsync"], calls["rename"]) == (3, 3, 1)
    killed = tools.inject(writes, str(tmp_path / "b"), call="fsync", when=2, fault="signal=KILL")
    assert killed.killed
    assert (tmp_path / "b").stat().st_size == 20
    failed = tools.inject(writes, str(tmp_path / "c"), call="write", when=3, fault="error=EIO")
    assert failed.code == tools.CRASHED
    assert "Input/output error" in failed.said
    assert (tmp_path / "c").stat().st_size == 20


def test_a_small_disk_is_small(small_disk: Path) -> None:
    tools.fill(small_disk, leave=4096)
    with pytest.raises(OSError, match="No space left"):
        (small_disk / "more").write_bytes(b"x" * 100_000)


def test_damage_is_real_and_mended(tmp_path: Path) -> None:
    good = {name: os.urandom(5000) for name in ("a", "b")}
    for name, content in good.items():
        (tmp_path / name).write_bytes(content)
    seen = 0
    for what in tools.damages(tmp_path, flips=20, cuts=10):
        changed = [name for name, content in good.items() if (tmp_path / name).read_bytes() != content]
        assert len(changed) == 1
        assert what.startswith(changed[0])
        seen += 1
    assert seen == 30
    assert all((tmp_path / name).read_bytes() == content for name, content in good.items())

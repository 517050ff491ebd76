"""Faults 1, 4, 5 and 6 of a checkpoint: kills, full disks, failing disks, damaged bytes."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest
import torch

from faults import tools, training
from limbeck.core.errors import ArtefactError
from limbeck.stages import checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run with good checkpoints of steps 9 and 10, so that the next save drops the older."""
    training.save(tmp_path / "good", 9)
    training.save(tmp_path / "good", 10)
    return tmp_path / "good"


def loads(path: Path, at_least: int) -> int:
    """The newest valid checkpoint loads into a stage; returns its step."""
    found = checkpoint.newest_valid(path)
    assert found is not None, "no checkpoint is left"
    assert found.step >= at_least
    stage, optimizer = training.stage_of(0)
    checkpoint.restore(found, stage, optimizer)
    expected, _ = training.stage_of(found.step)
    for name, value in expected.state_dict().items():
        torch.testing.assert_close(stage.state_dict()[name], value, rtol=0, atol=0)
    return found.step


def points(folder: Path, tmp_path: Path, every: int) -> list[tuple[str, int]]:
    """Every n-th of the calls that one save makes, from each kind at least the first and the last."""
    shutil.copytree(folder, tmp_path / "count")
    counted = tools.syscalls(training.save, tmp_path / "count", 20)
    assert counted.keys() >= {"write", "fsync", "rename"}
    assert counted.total() >= 15
    return [
        (name, when)
        for name, count in sorted(counted.items())
        for when in sorted({1, count, *range(1, count + 1, every)})
    ]


def killed_everywhere(folder: Path, tmp_path: Path, every: int) -> None:
    outcomes = set()
    for name, when in points(folder, tmp_path, every):
        work = tmp_path / f"{name}-{when}"
        shutil.copytree(folder, work)
        outcome = tools.inject(training.save, work, 20, call=name, when=when, fault="signal=KILL")
        assert outcome.killed
        outcomes.add(loads(work, 10))
        checkpoint.save(work, 30, *training.stage_of(30))  # the next save works, and sweeps
        assert loads(work, 30) == 30
        assert tools.leftovers(work) == []
        shutil.rmtree(work)
    assert outcomes == {10, 20}


def fails_everywhere(folder: Path, tmp_path: Path, every: int) -> None:
    for name, when in points(folder, tmp_path, every):
        work = tmp_path / f"{name}-{when}"
        shutil.copytree(folder, work)
        outcome = tools.inject(training.save, work, 20, call=name, when=when, fault="error=EIO")
        assert outcome.code == 4, f"{name} {when}: {outcome}"
        assert "could not write" in outcome.said
        assert loads(work, 10) in (10, 20)
        assert tools.leftovers(work) == []
        shutil.rmtree(work)


def test_killed_at_some_writes_fsyncs_and_renames(folder: Path, tmp_path: Path) -> None:
    killed_everywhere(folder, tmp_path, 6)


@pytest.mark.slow
def test_killed_at_every_write_fsync_and_rename(folder: Path, tmp_path: Path) -> None:
    killed_everywhere(folder, tmp_path, 1)


def test_a_disk_that_fails_at_some_writes_fsyncs_and_renames(folder: Path, tmp_path: Path) -> None:
    fails_everywhere(folder, tmp_path, 6)


@pytest.mark.slow
def test_a_disk_that_fails_at_every_write_fsync_and_rename(folder: Path, tmp_path: Path) -> None:
    fails_everywhere(folder, tmp_path, 1)


def kills(tmp_path: Path, count: int) -> None:
    """Half of the kills come at any time, start-up included; the others once the next checkpoint is passed."""
    rng = random.Random(count)
    folder = tmp_path / "run"
    reached, resumed = 0, set()
    for number in range(count):
        child = tools.spawn(training.train, folder, 0.004).go()
        if number % 2 == 0:
            training.wait_for(child, folder, reached + rng.randint(training.EVERY + 1, 2 * training.EVERY))
        time.sleep(rng.uniform(0, 0.03 if number % 2 == 0 else 0.3))
        child.kill()
        outcome = child.wait()
        assert outcome.killed or outcome.code == 0, outcome
        found = checkpoint.newest_valid(folder / "checkpoints" / "main")
        if found is None:
            assert reached == 0, "a checkpoint was lost"
            continue
        lines = training.steps_logged(folder)
        # Lost: the interval that was under way, and no more.
        assert found.step >= reached
        assert max(lines) - found.step <= training.EVERY
        assert lines[: found.step + 1] == list(range(found.step + 1))
        reached = found.step
        resumed.add(found.step)
    assert tools.run(training.train, folder).code == 0
    assert training.steps_logged(folder) == list(range(training.STEPS + 1))
    assert tools.leftovers(folder) == []
    assert len(resumed) >= 2, "too few kills came between checkpoints"


def test_ten_random_kills(tmp_path: Path) -> None:
    kills(tmp_path, 10)


@pytest.mark.slow
def test_fifty_random_kills(tmp_path: Path) -> None:
    for number in range(4):
        kills(tmp_path / str(number), 11 + number)


def test_full_disk(small_disk: Path) -> None:
    folder = small_disk / "checkpoints"
    training.save(folder, 10)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    for bulk in (1_500_000, 1_040_000):
        outcome = tools.run(training.save, folder, 20, bulk)
        assert outcome.code == 5, outcome
        assert "no space left" in outcome.said
        assert tools.leftovers(small_disk) == []
        assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before
    for left in (16_000, 4_000, 0):
        ballast = tools.fill(small_disk, leave=left)
        outcome = tools.run(training.save, folder, 20)
        ballast.unlink()
        assert outcome.code == 5, (left, outcome)
        assert tools.leftovers(small_disk) == []
        assert loads(folder, 10) == 10
    assert tools.run(training.save, folder, 20).code == 0
    assert loads(folder, 20) == 20


def test_full_disk_while_training(small_disk: Path) -> None:
    folder = small_disk / "run"
    assert tools.run(training.train, folder, 0.0, 0, None, 10).code == 0
    shutil.rmtree(folder)
    ballast = tools.fill(small_disk, leave=45_000)
    outcome = tools.run(training.train, folder)
    assert outcome.code == 5, outcome
    assert tools.leftovers(folder) == []
    ballast.unlink()
    assert tools.run(training.train, folder).code == 0
    assert training.steps_logged(folder) == list(range(training.STEPS + 1))


def test_200_flipped_bits_and_20_cuts_are_all_found(folder: Path) -> None:
    for what in tools.damages(folder / "step-00000010"):
        with pytest.raises(ArtefactError):
            checkpoint.read(folder / "step-00000010")
        assert checkpoint.newest_valid(folder).step == 9, what
    assert loads(folder, 10) == 10


def test_a_file_that_is_missing_or_a_folder(folder: Path) -> None:
    weights = folder / "step-00000010" / "weights.safetensors"
    weights.rename(weights.with_suffix(".away"))
    assert loads(folder, 9) == 9
    weights.mkdir()
    assert loads(folder, 9) == 9

"""Faults 1, 4, 5 and 6 of a checkpoint: kills, full disks, failing disks, damaged bytes."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
import torch

from faults import tools, training
from limbeck.core.errors import ArtefactError
from limbeck.stages import checkpoint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run with a good checkpoint of step 10."""
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


def calls(folder: Path) -> list[tuple[str, int]]:
    counted = tools.syscalls(training.save, folder, 20)
    return [(name, when) for name, count in sorted(counted.items()) for when in range(1, count + 1)]


def test_killed_at_every_write_fsync_and_rename(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "count")
    points = calls(tmp_path / "count")
    assert {name for name, _ in points} >= {"write", "fsync", "rename"}
    assert len(points) >= 20
    outcomes = []
    for name, when in points:
        work = tmp_path / f"{name}-{when}"
        shutil.copytree(folder, work)
        outcome = tools.inject(training.save, work, 20, call=name, when=when, fault="signal=KILL")
        assert outcome.killed
        outcomes.append(loads(work, 10))
        checkpoint.save(work, 30, *training.stage_of(30))  # the next save works, and sweeps
        assert loads(work, 30) == 30
        assert tools.leftovers(work) == []
        shutil.rmtree(work)
    assert set(outcomes) == {10, 20}


def test_a_disk_that_fails_at_every_write_fsync_and_rename(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "count")
    for name, when in calls(tmp_path / "count"):
        work = tmp_path / f"{name}-{when}"
        shutil.copytree(folder, work)
        outcome = tools.inject(training.save, work, 20, call=name, when=when, fault="error=EIO")
        assert outcome.code == 4, f"{name} {when}: {outcome}"
        assert "could not write" in outcome.said
        assert loads(work, 10) in (10, 20)
        assert tools.leftovers(work) == []
        shutil.rmtree(work)


def kills(tmp_path: Path, count: int) -> None:
    rng = random.Random(count)
    folder = tmp_path / "run"
    seen = set()
    reached = 0
    for _ in range(count):
        outcome = tools.kill_at_random(training.train, folder, 0.004, rng=rng, longest=1.5)
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
        seen.add(found.step)
    assert tools.run(training.train, folder).code == 0
    assert training.steps_logged(folder) == list(range(training.STEPS + 1))
    assert tools.leftovers(folder) == []
    assert seen, "every kill came before the first checkpoint"


def test_random_kills(tmp_path: Path) -> None:
    kills(tmp_path, 8)


@pytest.mark.slow
def test_fifty_random_kills(tmp_path: Path) -> None:
    for number in range(5):
        kills(tmp_path / str(number), 10)


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
    for left in (40_000, 12_000, 4_000, 0):
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
        assert checkpoint.newest_valid(folder) is None, what
    assert loads(folder, 10) == 10


def test_a_file_that_is_missing_or_a_folder(folder: Path) -> None:
    weights = folder / "step-00000010" / "weights.safetensors"
    weights.rename(weights.with_suffix(".away"))
    assert checkpoint.newest_valid(folder) is None
    weights.mkdir()
    assert checkpoint.newest_valid(folder) is None

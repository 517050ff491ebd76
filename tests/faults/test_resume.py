"""Faults 2 and 3: a resumed run equals an uninterrupted one, or says what has changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from faults import tools, training
from limbeck.stages import checkpoint


def everything(folder: Path) -> dict[str, bytes]:
    """Weights, moments, average, best weights, log, kept weights: as bytes."""
    found = checkpoint.newest_valid(folder / "checkpoints" / "main")
    assert found is not None
    assert found.step == training.STEPS
    files = {
        name: (found.path / f"{name}.safetensors").read_bytes() for name in ("weights", "optimizer", "ema", "best")
    }
    return files | {name: (folder / name).read_bytes() for name in ("metrics.jsonl", "kept.json")}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[int | None, dict[str, bytes]]:
    """Micro-batch -> a run that nothing happened to."""
    runs = {}
    for micro in (None, 5):
        folder = tmp_path_factory.mktemp("whole")
        outcome = tools.run(training.train, folder, 0.0, 0, micro)
        assert outcome.code == 0, outcome.said
        runs[micro] = everything(folder)
    return runs


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("micro", [None, 5])
def test_bit_equal_after_kills(
    tmp_path: Path, uninterrupted: dict[int | None, dict[str, bytes]], micro: int | None, workers: int
) -> None:
    """Kills come between checkpoints, so that steps are lost and made again; with 5 rows a pass, also within a step."""
    for step in (8, 23, 41):
        child = training.reach(tmp_path, step, 0.003, workers, micro)
        child.kill()
        assert child.wait().killed
    outcome = tools.run(training.train, tmp_path, 0.0, workers, micro)
    assert outcome.code == 0, outcome.said
    assert int((tmp_path / "resumed.json").read_text()) >= 35
    expected, found = uninterrupted[micro], everything(tmp_path)
    for name in expected:
        assert found[name] == expected[name], name


def test_the_comparison_would_notice(uninterrupted: dict[int | None, dict[str, bytes]]) -> None:
    assert all(uninterrupted[None][name] != uninterrupted[5][name] for name in uninterrupted[None])


def changed(folder: Path, **how: object) -> tools.Outcome:
    return tools.run(_train_with, folder, how)


def _train_with(folder: Path, how: dict[str, object]) -> None:
    if "world_size" in how:
        torch.distributed.init_process_group(
            "gloo", init_method=f"file://{folder / 'rendezvous'}-{os.getpid()}", rank=0, world_size=1
        )
        torch.distributed.get_world_size = lambda *_: how["world_size"]  # type: ignore[assignment]
    teacher = how.get("teacher")
    if teacher is not None:
        from stages import worlds

        made = worlds.producers

        def other(*args: object, **given: object) -> object:
            parts = made(*args, **given)
            parts["teacher.text"].identity = teacher
            return parts

        worlds.producers = other  # type: ignore[assignment]
    training.train(
        folder, steps=how.get("steps", 10), identity=how.get("identity", {"data": "aaa", "recipe": {"x": 1}})
    )


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ({"steps": 12}, "stage.budget.steps: 10 -> 12"),
        ({"identity": {"data": "bbb", "recipe": {"x": 1}}}, "data: 'aaa' -> 'bbb'"),
        ({"identity": {"data": "aaa", "recipe": {"x": 2}}}, "recipe.x: 1 -> 2"),
        ({"teacher": "other"}, "teachers.teacher.text: 'weights-text' -> 'other'"),
        ({"world_size": 2}, "world_size: 1 -> 2"),
    ],
)
def test_semantic_changes_are_named(tmp_path: Path, how: dict[str, object], named: str) -> None:
    assert changed(tmp_path).code == 0
    outcome = changed(tmp_path, **how)
    assert outcome.code == 4
    assert named in outcome.said
    assert "-> " not in outcome.said.replace(named, "")


def test_all_changes_are_named_together(tmp_path: Path) -> None:
    assert changed(tmp_path).code == 0
    outcome = changed(tmp_path, steps=12, identity={"data": "bbb", "recipe": {"x": 2}}, teacher="other")
    assert outcome.code == 4
    assert outcome.said.count("-> ") == 4

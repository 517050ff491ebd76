from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from compare import worlds
from limbeck.compare.arms import Comparison, compare_arms
from limbeck.core.artefact import MANIFEST
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.data.subset import SubsetSource


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The finished comparison in a folder of its own."""
    worlds.compared()
    shutil.copytree(worlds.folder(), tmp_path / "copy")
    return tmp_path / "copy"


def again(out: Path, **changes: object) -> tuple[Comparison, list[str]]:
    said: list[str] = []
    given = {"arms": worlds.arms(), "bench": worlds.bench(), "seeds": worlds.SEEDS} | changes
    return compare_arms(**given, out=out, notify=said.append), said  # type: ignore[arg-type]


def same(first: Comparison, second: Comparison) -> bool:
    return all(
        np.array_equal(a.get(name).items, b.get(name).items)
        for arm in ("teacher", *first.runs)
        for a, b in zip(first.measured(arm), second.measured(arm), strict=True)
        for name in first.metrics()
    )


def test_every_arm_ran_under_every_seed():
    found = worlds.compared()
    assert {arm: [run.recipe.seed for run in runs] for arm, runs in found.runs.items()} == {
        "no teacher": [0, 1],
        "distilled": [0, 1],
    }
    names = {f"{arm}-seed-{seed}" for arm in ("no-teacher", "distilled", "teacher") for seed in (0, 1)}
    assert {path.name for path in worlds.folder().iterdir()} == names
    assert len({measured.metrics[0].value for measured in found.teachers}) == 2  # each seed aligns its own teacher


def test_arms_of_one_seed_start_from_the_same_weights():
    """With a rate too small to move anything, both arms end where they began, and another seed elsewhere."""
    from limbeck.encoders.student import make_student

    spec = worlds.recipe("distilled").student
    first, second, other = (make_student(spec, width=width, seed=seed) for width, seed in ((12, 0), (None, 0), (12, 1)))
    assert all(
        torch.equal(a, b)
        for a, b in zip(first.model.state_dict().values(), second.model.state_dict().values(), strict=True)
    )
    assert any(
        not torch.equal(a, b)
        for a, b in zip(first.model.state_dict().values(), other.model.state_dict().values(), strict=True)
    )


@pytest.mark.parametrize("name", worlds.compared().metrics())
def test_a_paired_difference_is_the_mean_over_items_and_seeds(name: str):
    found = worlds.compared()
    by_hand = []
    for ours, theirs in zip(found.runs["distilled"], found.runs["no teacher"], strict=True):
        for one, two in zip(ours.student.get(name).items, theirs.student.get(name).items, strict=True):
            by_hand.append(one - two)
    difference = found.difference("distilled", "no teacher", name)
    assert difference.value == pytest.approx(sum(by_hand) / len(by_hand))
    assert difference.low <= difference.value <= difference.high
    assert difference.seeds == 2
    back = found.difference("no teacher", "distilled", name)
    assert back.value == pytest.approx(-difference.value)


def test_a_mean_is_over_seeds_and_its_interval_stays_in_the_range():
    found = worlds.compared()
    for arm in ("teacher", "distilled", "no teacher"):
        for name in found.metrics():
            mean = found.mean(arm, name)
            assert mean.value == pytest.approx(np.mean([measured.get(name).value for measured in found.measured(arm)]))
            assert 0 <= mean.low <= mean.value <= mean.high <= 1
    alone = replace(found, runs={arm: runs[:1] for arm, runs in found.runs.items()}, seeds=(0,))
    name = found.metrics()[0]
    assert alone.mean("distilled", name) is found.runs["distilled"][0].student.get(name)


def test_finished_runs_are_reused_after_verification(copy: Path):
    manifests = {path: path.stat().st_mtime_ns for path in copy.rglob(MANIFEST)}
    found, said = again(copy)
    assert same(found, worlds.compared())
    assert all(run.reused for runs in found.runs.values() for run in runs)
    assert sum("finished run reused from" in line for line in said) == 4
    assert {path: path.stat().st_mtime_ns for path in copy.rglob(MANIFEST)} == manifests
    batch = torch.randn(4, 3, 32, 32)
    ours, theirs = (c.runs["distilled"][1].encoders["image"] for c in (found, worlds.compared()))
    with torch.inference_mode():
        # kernels may differ in a last bit by where the weights lie in memory
        torch.testing.assert_close(*(one({"pixel_values": batch})["pooled"] for one in (ours, theirs)))


def test_an_interrupted_comparison_goes_on_with_what_is_missing(copy: Path):
    shutil.rmtree(copy / "distilled-seed-1")  # never begun
    (copy / "no-teacher-seed-1" / MANIFEST).unlink()  # killed before its last file
    found, said = again(copy)
    assert same(found, worlds.compared())
    assert [run.reused for runs in found.runs.values() for run in runs] == [True, False, True, False]
    assert sum("training" in line for line in said) == 2


@pytest.mark.parametrize("name", ["model/model.safetensors", "evaluation.json", "recipe.json", "metrics.jsonl"])
def test_a_flipped_bit_in_a_finished_run_is_refused(copy: Path, name: str):
    path = copy / "distilled-seed-0" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtefactError, match="distilled-seed-0"):
        again(copy)


def test_runs_of_other_data_are_refused(copy: Path):
    bench = worlds.bench()
    other = replace(bench, source=SubsetSource(bench.source, keep=range(len(bench.source))))
    with pytest.raises(ArtefactError, match=r"no-teacher-seed-0 holds a finished run with another past \(data: "):
        again(copy, bench=other)


def test_runs_of_another_recipe_are_refused(copy: Path):
    with pytest.raises(ArtefactError, match="holds a finished run"):
        again(copy, arms=worlds.arms(steps=2))


def test_two_comparisons_in_one_process_give_the_numbers_of_each_alone(tmp_path: Path):
    """The other budget runs in between; afterwards everything is as it was."""
    torch.rand(7)  # what somebody drew before is no matter
    again(tmp_path / "other", arms=worlds.arms(steps=2), seeds=(1,))
    torch.rand(3)
    found, _ = again(tmp_path / "second")
    assert same(found, worlds.compared())
    for run in ("distilled-seed-1", "no-teacher-seed-0"):
        weights = [
            (folder / run / "model" / "model.safetensors").read_bytes()
            for folder in (tmp_path / "second", worlds.folder())
        ]
        assert weights[0] == weights[1]


def test_finishers_see_every_new_run_before_its_manifest(tmp_path: Path):
    seen = []

    def finisher(run: object) -> None:
        folder = run.folder  # type: ignore[attr-defined]
        assert not (folder / MANIFEST).exists()
        (folder / "note.txt").write_text("seen")
        seen.append(folder.name)

    compare_arms(worlds.arms(steps=1), worlds.bench(), seeds=(0,), out=tmp_path, finishers=(finisher,))
    assert seen == ["no-teacher-seed-0", "distilled-seed-0"]
    listed = json.loads((tmp_path / "distilled-seed-0" / MANIFEST).read_text())["files"]
    assert "note.txt" in listed


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"seeds": ()}, "needs seeds"),
        ({"seeds": (1, 1)}, r"each once; got \[1, 1\]"),
        ({"arms": {"no teacher": worlds.recipe("no teacher")}}, "none of the arms no teacher has a teacher"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path: Path, changes: dict[str, object], says: str):
    with pytest.raises(UsageError, match=says):
        again(tmp_path / "new", **changes)
    assert not (tmp_path / "new").exists()

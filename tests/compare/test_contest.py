"""Equal rules for every arm, the test split last, and the same numbers however the work is cut up."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from compare import contests, worlds
from limbeck.compare import desk
from limbeck.compare.contest import Outcome, Rules, check_place
from limbeck.compare.made_with import made_with
from limbeck.core.artefact import MANIFEST
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.data.subset import SubsetSource


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The finished contest in a folder of its own."""
    contests.finished()
    shutil.copytree(contests.folder(), tmp_path / "copy")
    return tmp_path / "copy"


def recipe_of(run: str) -> dict[str, object]:
    return json.loads((contests.folder() / "runs" / run / "recipe.json").read_text())


def test_every_arm_ran_under_every_seed_and_the_dearer_one_under_both_budgets():
    found = contests.finished()
    assert {path.name for path in (contests.folder() / "runs").iterdir()} == {
        *(f"{arm}-seed-{seed}" for arm in ("no-teacher", "distilled") for seed in (0, 1)),
        *(f"distilled-equal-seconds-seed-{seed}" for seed in (0, 1)),
    }
    assert found.steps == {"no teacher": (3, 3), "distilled": (3, 2)}  # 3 / 1.5 steps
    assert found.other is not None
    assert found.other.runs["no teacher"] == found.comparison.runs["no teacher"]
    assert found.other.runs["distilled"][0].folder.name == "distilled-equal-seconds-seed-0"
    assert recipe_of("distilled-equal-seconds-seed-0")["stages"][0]["budget"]["steps"] == 2  # type: ignore[index]


def test_arms_differ_in_their_terms_only():
    """One seed: the same student, data, draws, rows a batch, steps and precision."""
    one, two = recipe_of("no-teacher-seed-1"), recipe_of("distilled-seed-1")
    for plain in (one, two):
        for name in ("name", "teacher", "align"):
            plain.pop(name)
        for name in ("terms", "trains"):
            plain["stages"][0].pop(name)  # type: ignore[index]
        plain["stages"][0]["optimisation"].pop("learning_rate")  # type: ignore[index]  # tuned
    assert one == two


def test_every_arm_gets_as_many_trials_under_a_seed_that_no_run_has():
    found = contests.finished()
    assert {arm: len(values) for arm, values in found.trials.items()} == {"no teacher": 2, "distilled": 2}
    trials = [json.loads(path.read_text()) for path in contests.folder().glob("tune/*/*/recipe.json")]
    assert len(trials) == 4
    assert {plain["seed"] for plain in trials} == {2}
    chosen = json.loads((contests.folder() / "tune" / "chosen.json").read_text())
    for arm, one in chosen.items():
        assert one["validation"] == found.trials[arm]
        assert one["validation"][one["chosen"]] == max(one["validation"])
        assert one["trials"][one["chosen"]]["learning_rate"] == found.settings[arm].learning_rate


def test_the_test_split_is_read_after_the_last_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    bench = worlds.bench()
    test = {bench.source.rows[row].id for row in bench.rows.test}
    happened: list[str] = []
    sample, train = type(bench.source).sample, desk.train

    def watched(self, index):
        found = sample(self, index)
        if found.id in test:
            happened.append("test row")
        return found

    def training(*arguments, **values):
        happened.append("training")
        found = train(*arguments, **values)
        happened.append("trained")
        return found

    monkeypatch.setattr(type(bench.source), "sample", watched)
    monkeypatch.setattr(desk, "train", training)
    contests.run(tmp_path / "new")
    assert happened.count("trained") == 4 + 6  # trials and runs
    assert "test row" in happened
    assert happened.index("test row") > len(happened) - 1 - happened[::-1].index("trained")
    record = json.loads((tmp_path / "new" / desk.TEST_READ).read_text())
    assert len(record["trained before the first test row was read"]) == 6


def test_a_test_before_everything_is_trained_is_refused(copy: Path):
    (copy / desk.TEST_READ).unlink()
    found = desk.ComparisonDesk(worlds.bench(), out=copy, notify=print)
    with pytest.raises(ArtefactError, match="the test split is read after the last one"):
        found.test(worlds.recipe("distilled"), copy / "runs" / "new")


def test_a_finished_contest_is_read_again_and_nothing_is_trained(copy: Path):
    manifests = {path: path.stat().st_mtime_ns for path in copy.rglob(MANIFEST)}
    found, said = contests.run(copy, rates={"no teacher": 9.0, "distilled": 1.0})  # measured once: no matter now
    assert contests.same(found, contests.finished())
    assert not [line for line in said if line.endswith("training")]
    assert {path: path.stat().st_mtime_ns for path in copy.rglob(MANIFEST)} == manifests


def test_what_is_missing_is_made_and_nothing_else(copy: Path):
    shutil.rmtree(copy / "runs" / "distilled-seed-1")  # never begun
    shutil.rmtree(copy / "runs" / "distilled-equal-seconds-seed-0" / "checkpoints")
    (copy / "runs" / "distilled-equal-seconds-seed-0" / "trained.json").unlink()
    (copy / "runs" / "distilled-equal-seconds-seed-0" / MANIFEST).unlink()  # killed in training, before a checkpoint
    (copy / "runs" / "no-teacher-seed-0" / MANIFEST).unlink()  # killed while the test split was read
    shutil.rmtree(copy / "tune" / "distilled" / "trial-1")
    found, said = contests.run(copy)
    assert contests.same(found, contests.finished())
    assert contests.weights(copy) == contests.weights(contests.folder())
    trained = [line for line in said if line.endswith(": training")]
    assert trained == [
        "distilled, trial 1, seed 2: training",
        "distilled, seed 1: training",
        "distilled (equal seconds), seed 0: training",
    ]


def test_contests_in_one_process_do_not_touch_one_another(tmp_path: Path):
    """Others run between two tasks of the first one, and beside it in a thread; every number is that of each alone."""
    contests.finished()
    rules = replace(contests.RULES, seeds=(1,), tune=0)
    inner, beside = [], []

    def other(name: str) -> Outcome:
        return contests.run(tmp_path / name, rules=rules, steps=2, rates=None)[0]

    def between(line: str) -> None:
        if line == "distilled, seed 0: training" and not inner:
            torch.rand(5)
            inner.append(other("inner"))

    with contests.measured(contests.RATES):
        alone = other("alone")
        thread = threading.Thread(target=lambda: beside.append(other("beside")))
        thread.start()
        found, _ = contests.run(tmp_path / "outer", notify=between, rates=None)
        thread.join()
    assert contests.same(found, contests.finished())
    assert contests.same(inner[0], alone)
    assert contests.same(beside[0], alone)
    assert contests.weights(tmp_path / "outer") == contests.weights(contests.folder())


def test_two_processes_give_the_bits_of_one(tmp_path: Path):
    found, _ = contests.run(tmp_path / "two", jobs=2)
    assert contests.same(found, contests.finished())
    assert contests.weights(tmp_path / "two") == contests.weights(contests.folder())


def test_with_a_budget_of_seconds_every_arm_gets_the_steps_it_can_do_in_them(tmp_path: Path):
    rules = Rules(seeds=(0,), budget="seconds", seconds=3.0)
    found, _ = contests.run(tmp_path / "new", rules=rules, steps=50)
    assert found.steps == {"no teacher": (3, 3), "distilled": (2, 3)}
    assert found.other is not None
    assert {path.name for path in (tmp_path / "new" / "runs").iterdir()} == {
        "no-teacher-seed-0",
        "distilled-seed-0",
        "distilled-equal-steps-seed-0",
    }


def test_arms_that_are_not_dearer_have_equal_steps_for_their_seconds(tmp_path: Path):
    """5 seconds would be 5 steps of one and 4 of the other, and nothing would be run again to put that right."""
    rules = Rules(seeds=(0,), budget="seconds", seconds=5.0)
    found, _ = contests.run(tmp_path / "new", rules=rules, steps=50, rates={"no teacher": 1.0, "distilled": 1.05})
    assert found.steps == {"no teacher": (4, 4), "distilled": (4, 4)}
    assert found.other is None


def test_seconds_that_nobody_gave_are_what_the_cheapest_arm_needs(tmp_path: Path):
    rules = Rules(seeds=(0,), budget="seconds")
    found, said = contests.run(tmp_path / "new", rules=rules, steps=4, rates={"no teacher": 1.5, "distilled": 2.0})
    assert found.allowed == 6.0
    assert found.steps == {"no teacher": (4, 4), "distilled": (3, 4)}
    assert "every run gets 6 seconds of training steps: what the cheapest arm needs for its steps" in said
    shutil.rmtree(tmp_path / "new" / "runs" / "distilled-seed-0")
    again, _ = contests.run(tmp_path / "new", rules=rules, steps=4)  # other rates are of no matter now
    assert again.allowed == 6.0
    assert contests.same(again, found)


def test_arms_of_equal_cost_have_one_budget(tmp_path: Path):
    rules = Rules(seeds=(0,))
    found, _ = contests.run(tmp_path / "new", rules=rules, rates={"no teacher": 1.0, "distilled": 1.05})
    assert found.other is None
    assert found.settings == {}


def test_another_comparison_in_the_folder_is_refused(copy: Path, tmp_path: Path):
    with pytest.raises(ArtefactError, match=r"holds another comparison \(seeds: .*fixed before it is run"):
        contests.run(copy, rules=replace(contests.RULES, seeds=(0, 1, 2)))
    with pytest.raises(
        ArtefactError, match=r"holds another comparison \(arms\.no teacher\.stages\.0\.budget\.steps: 3"
    ):
        contests.run(copy, steps=4)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="not empty and holds no comparison"):
        check_place(tmp_path / "full", contests.RULES)
    with pytest.raises(UsageError, match="is a file"):
        check_place(tmp_path / "full" / "letter.txt", contests.RULES)
    assert check_place(copy, contests.RULES)
    assert not check_place(tmp_path / "new", contests.RULES)


def changed(out: Path) -> None:
    """As if other code had begun it."""
    asked = json.loads((out / "asked.json").read_text())
    asked["code"] |= {"fingerprint": "other", "commit": 40 * "a"}
    (out / "asked.json").write_text(json.dumps(asked))


def test_what_is_finished_says_what_code_trained_it(copy: Path):
    assert contests.finished().code == made_with()
    changed(copy)
    found, _ = contests.run(copy)
    assert found.code == made_with() | {"fingerprint": "other", "commit": 40 * "a"}
    assert contests.same(found, contests.finished())


@pytest.mark.parametrize(
    "missing", ["runs/distilled-seed-1", "tune/distilled/trial-1", f"runs/distilled-seed-1/{MANIFEST}", desk.TEST_READ]
)
def test_other_code_does_not_finish_it(copy: Path, missing: str):
    changed(copy)
    place = copy / missing
    shutil.rmtree(place) if place.is_dir() else place.unlink()
    with pytest.raises(
        ArtefactError, match=r"begun with other code \(commit aaaaaaaaaa then, .*start again in another"
    ):
        contests.run(copy)
    assert not place.exists()


def test_other_data_is_refused(copy: Path, monkeypatch: pytest.MonkeyPatch):
    bench = worlds.bench()
    other = replace(bench, source=SubsetSource(bench.source, keep=range(len(bench.source))))
    monkeypatch.setattr(worlds, "bench", lambda: other)
    with pytest.raises(ArtefactError, match="holds another comparison \\(data: "):
        contests.run(copy)


@pytest.mark.parametrize("name", ["model/model.safetensors", "evaluation.json", "trained.json"])
def test_a_flipped_bit_in_a_run_is_refused(copy: Path, name: str):
    path = copy / "runs" / "distilled-seed-0" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArtefactError, match="distilled-seed-0"):
        contests.run(copy)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (Rules(seeds=()), "needs seeds"),
        (Rules(seeds=(1, 1)), r"each once; got \[1, 1\]"),
        (Rules(seeds=(0,), tune=-1), "0 for none; got -1"),
        (Rules(seeds=(0,), budget="seconds", seconds=-1.0), "--seconds is 0 or more"),
        (Rules(seeds=(0,), budget="seconds", seconds=float("nan")), "got nan"),
        (Rules(seeds=(0,), seconds=3.0), "goes with --budget seconds; got 3"),
    ],
)
def test_rules_that_cannot_be_met_are_refused(tmp_path: Path, rules: Rules, says: str):
    with pytest.raises(UsageError, match=says):
        contests.run(tmp_path / "new", rules=rules)
    assert not (tmp_path / "new").exists()

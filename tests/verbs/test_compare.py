"""`limbeck compare` from what is typed to what is written."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

import limbeck as package
from limbeck import cli
from limbeck.compare import contest as contests
from limbeck.core.errors import ArtefactError, DataError, UsageError
from limbeck.verbs.compare import arm_names, compare, default_jobs, default_threads
from pipeline import worlds


def arguments(out: Path, **changes: Any) -> dict[str, Any]:
    """Two steps from a tiny CLIP into a tiny CLIP of the same shape."""
    clip = f"hf:{worlds.model('clip')}"
    quick = {
        "teacher": clip,
        "student": clip,
        "methods": "balanced",
        "seeds": 1,
        "steps": 2,
        "batch_size": 8,
        "draws": 1,
    }
    more = {"jobs": 1, "threads": 1, "out": out, "cache": worlds.cache_folder(), "allow": ("teacher at chance",)}
    return quick | more | changes


def test_humbling_baselines_are_always_there_and_every_arm_once():
    assert arm_names("balanced") == ["no_teacher", "feature_matching", "balanced"]
    assert arm_names(" balanced, no_teacher,balanced,") == ["no_teacher", "feature_matching", "balanced"]
    with pytest.raises(UsageError, match="unknown method 'balnced'.*did you mean 'balanced'"):
        arm_names("no_teacher,balnced")
    with pytest.raises(UsageError, match="methods are names, separated by commas; valid: "):
        arm_names(" , ")


def test_from_data_to_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(contests, "measure_rates", lambda arms, *_, **__: dict.fromkeys(arms, 1.0))
    outcome = compare(worlds.data(), **arguments(tmp_path / "out", optimizer="muon"))
    # teacher and student have one shape, so that the third baseline can inherit
    assert [*outcome.comparison.runs] == ["no_teacher", "inherited_weights", "feature_matching", "balanced"]
    assert outcome.other is None
    shown = capsys.readouterr().out
    for words in ("equal steps", "balanced", "inherited_weights", "report.html", "next:"):
        assert words in shown
    plain = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert plain["results"]["equal steps"]["findings"][0]["reference"] == "no_teacher"
    recipes = {
        arm: json.loads((tmp_path / "out" / "runs" / f"{arm}-seed-0" / "recipe.json").read_text())
        for arm in outcome.comparison.runs
    }
    inherited = recipes["inherited_weights"]
    assert inherited.pop("surgeries")[0]["part"].endswith("InheritWeightsSurgery")
    plain_arm = recipes["no_teacher"]
    assert plain_arm.pop("surgeries") == []
    assert {**inherited, "name": ""} == {**plain_arm, "name": ""}
    assert plain["baselines left out"] == {}
    assert {one["stages"][0]["optimisation"]["optimizer"] for one in recipes.values()} == {"muon"}
    assert plain["checks"] == json.loads((tmp_path / "out" / "checks.json").read_text())
    errors = {one["check"] for one in plain["checks"] if one["level"] == "error"}
    page = (tmp_path / "out" / "report.html").read_text()
    assert all(f"trained although the checks found an error: {check}" in page for check in errors)
    assert {
        optimisation["optimizer"] for arm in plain["arms"].values() for optimisation in arm["optimisation"].values()
    } == {"muon"}
    again = compare(worlds.data(), **arguments(tmp_path / "out", optimizer="muon"))  # read again, examined no more
    assert again.comparison.mean("balanced", "image<->text MRR") == outcome.comparison.mean(
        "balanced", "image<->text MRR"
    )


def test_no_out_no_seconds_and_no_weights_to_inherit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(contests, "measure_rates", lambda arms, *_, **__: dict.fromkeys(arms, 1.5))
    monkeypatch.chdir(tmp_path)
    given = arguments(tmp_path, student="resnet-xs", budget="seconds")
    given.pop("out")
    outcome = compare(worlds.data(), **given)
    assert [*outcome.comparison.runs] == ["no_teacher", "feature_matching", "balanced"]
    assert set(outcome.steps.values()) == {(2, 2)}
    plain = json.loads((tmp_path / "comparison" / "comparison.json").read_text())
    assert (plain["seconds asked for"], plain["seconds of a run"]) == (None, 3.0)
    reason = plain["baselines left out"]["inherited_weights"]
    assert reason.startswith("image: ")
    assert f"the baseline 'inherited_weights' is left out: {reason}" in capsys.readouterr().err
    with pytest.raises(ArtefactError, match="comparison holds another comparison"):
        compare(worlds.data(), **given | {"seeds": 2})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"methods": "balnced"}, "did you mean 'balanced'"),
        ({"student": "conv-x"}, "unknown student 'conv-x'"),
        ({"seeds": 0}, "seeds is at least 1"),
        ({"jobs": -1}, "jobs, threads and tune at least 0"),
        ({"tune": -1}, "jobs, threads and tune at least 0"),
        ({"steps": -1}, "steps at least 0"),
        ({"optimizer": "adam"}, "did you mean 'adamw'"),
    ],
)
def test_a_slip_is_said_before_anything_is_written(tmp_path: Path, changes: dict[str, Any], says: str):
    with pytest.raises(UsageError, match=says):
        compare(worlds.data(), **arguments(tmp_path / "out", **changes))
    assert not (tmp_path / "out").exists()


def test_a_full_folder_is_refused_before_data_is_read(tmp_path: Path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="not empty and holds no comparison"):
        compare("no-such.csv", **arguments(tmp_path))


def test_a_budget_that_contradicts_itself_is_refused_before_data_is_read(tmp_path: Path):
    for changes in ({"budget": "seconds", "seconds": -1.0}, {"seconds": 3.0}):
        with pytest.raises(UsageError, match="--seconds is 0 or more, and goes with --budget seconds"):
            compare("no-such.csv", **arguments(tmp_path / "out", **changes))


def test_defaults_fit_the_cores(monkeypatch: pytest.MonkeyPatch):
    for cores, threads, jobs in ((1, 1, 1), (2, 1, 2), (8, 2, 4), (64, 16, 4)):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        assert (default_threads(), default_jobs(default_threads())) == (threads, jobs)


def test_the_package_of_the_same_name_is_called_as_the_verb(tmp_path: Path):
    """`limbeck.compare` is a room and a verb: both are there, whichever was imported first."""
    for name in ("limbeck.claims.verdict", "limbeck.compare.crew"):
        importlib.import_module(name)
    assert package.compare.crew.Crew  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="did you mean 'balanced'"):
        package.compare("x.csv", teacher="icons", methods="balnced", out=tmp_path)  # type: ignore[operator]
    with pytest.raises(UsageError, match="unknown claim 'nothing'"):
        package.claims("nothing")  # type: ignore[operator]
    assert {"compare", "claims"} <= set(cli.commands()) & set(dir(package))


def test_a_teacher_that_alignment_does_not_bring_together_is_refused_before_any_arm_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    items = [dict(item) for item in worlds.icons(180)]
    texts = [item["text"] for item in items]
    for place, item in enumerate(items):
        item |= {"split": ("train", "validation", "validation", "test")[place % 4]}
        item |= {"text": texts[(place * 67 + 5) % len(texts)]}
    data = worlds.as_csv(tmp_path / "dealt", items)
    teacher = f"hf:{worlds.model('vit')}+hf:{worlds.model('bert')}"
    asked = arguments(tmp_path / "out", teacher=teacher, allow=())
    for _ in range(2):  # and again when it is typed again
        with pytest.raises(DataError, match="teacher at chance: hf:.*aligned, knows nothing about this data"):
            compare(str(data), **asked)
        assert not list((tmp_path / "out").glob("runs/*"))
    with pytest.raises(UsageError, match="did you mean 'teacher at chance'"):
        compare("/nowhere.csv", **arguments(tmp_path / "new", allow=("teacher at chanse",)))
    capsys.readouterr()
    compare(str(data), **{**asked, "allow": ("teacher at chance",)})
    assert "trained although the checks found an error: teacher at chance" in capsys.readouterr().out
    found = json.loads((tmp_path / "out" / "checks.json").read_text())
    assert [one["check"] for one in found if one["level"] == "error"] == ["teacher at chance"]


def test_an_aligned_teacher_is_examined_once(tmp_path: Path):
    """Also one that passes: what is typed again neither asks nor notes it a second time."""
    items = [dict(item) for item in worlds.icons(180)]
    for place, item in enumerate(items):
        item |= {"split": ("train", "validation", "validation", "test")[place % 4]}
    data = worlds.as_csv(tmp_path / "pairs", items)
    asked = arguments(tmp_path / "out", teacher="icons", student="vit-xs", draws=0, allow=())
    compare(str(data), **asked)
    before = (tmp_path / "out" / "checks.json").read_text()
    found = [one for one in json.loads(before) if one["check"] == "teacher at chance"]
    assert found[-1]["level"] == "ok"
    assert found[-1]["line"].startswith("it is not: image<->text MRR")
    compare(str(data), **asked)
    assert (tmp_path / "out" / "checks.json").read_text() == before

"""Every number of a comparison is written down once, and the page, the tables and the terminal say the same."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compare import contests, worlds
from limbeck.compare.outputs import families_of, write_outputs
from limbeck.evaluation.control import Control


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    out = tmp_path_factory.mktemp("outputs")
    left_out = {"inherited_weights": "image: it is a 'clip', the teacher a 'vit'"}
    return out, write_outputs(contests.finished(), worlds.bench(), out=out, title="Two arms", left_out=left_out)


def test_everything_is_written(made: tuple[Path, list[str]]):
    out, lines = made
    assert {path.name for path in out.iterdir()} == {"comparison.json", "comparison.csv", "summary.csv", "report.html"}
    page = (out / "report.html").read_text()
    for word in (
        *("Equal steps", "Equal seconds", "distilled", "no teacher", "seconds of training steps", "limbeck run"),
        *("Baselines left out", "the teacher a", "commit"),
    ):
        assert word in page
    assert 'src="http' not in page
    assert page.count("against seconds of training steps</title>") == 1  # equal seconds need no weighing
    text = "\n".join(lines)
    for word in ("equal steps", "equal seconds", "distilled", "next:", str(out / "report.html")):
        assert word in text
    assert lines[-1].strip().startswith("limbeck ")


def test_the_json_holds_what_the_runs_measured(made: tuple[Path, list[str]]):
    plain, found = json.loads((made[0] / "comparison.json").read_text()), contests.finished()
    assert plain["seeds"] == [0, 1]
    assert plain["baselines left out"] == {"inherited_weights": "image: it is a 'clip', the teacher a 'vit'"}
    assert plain["trials an arm"] == 2
    assert plain["asked"]["data"] == found.comparison.runs["distilled"][0].recipe.data.path
    assert plain["asked"]["teacher"].startswith("hf:")
    assert plain["arms"]["no teacher"]["batch"] == {"student": {"image+text": 8}}
    assert plain["arms"]["distilled"]["validation by trial"] == found.trials["distilled"]
    assert plain["arms"]["distilled"]["seconds a step"] == 1.5
    for budget, comparison, steps in (
        ("equal steps", found.comparison, 3),
        ("equal seconds", found.other, 2),
    ):
        assert comparison is not None
        one = plain["results"][budget]
        assert one["steps"] == {"no teacher": 3, "distilled": steps}
        assert one["withheld"] == []
        assert len(one["in words"]) == 3
        held = {(row["arm"], row["metric"], row["seed"]): row["value"] for row in one["by seed"]}
        for arm in ("teacher", *comparison.runs):
            for seed, measured in zip(comparison.seeds, comparison.measured(arm), strict=True):
                for metric in measured.metrics:
                    assert held.pop((arm, metric.name, seed)) == metric.value
        assert not held
        first = one["findings"][0]
        ours, theirs = (
            [m.get(first["metric"]).value for m in comparison.measured(a)] for a in ("distilled", "no teacher")
        )
        assert first["against reference"]["distilled"]["difference"]["value"] == pytest.approx(
            np.mean(np.subtract(ours, theirs))
        )


def test_the_code_is_that_of_the_runs_and_not_of_the_day(tmp_path: Path):
    code = {"commit": "abc", "versions": {"torch": "0.1"}, "fingerprint": "def"}
    write_outputs(replace(contests.finished(), code=code), worlds.bench(), out=tmp_path, title="Two arms")
    plain = json.loads((tmp_path / "comparison.json").read_text())
    assert (plain["commit"], plain["versions"], plain["code"]) == ("abc", {"torch": "0.1"}, "def")
    page = (tmp_path / "report.html").read_text()
    assert "abc" in page
    assert "Baselines left out" not in page


def test_both_csv_files_have_a_line_a_budget_and_arm(made: tuple[Path, list[str]]):
    metrics = len(contests.finished().comparison.metrics())
    with open(made[0] / "comparison.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2 * 3 * 2 * metrics  # budgets, arms with the teacher, seeds
    assert {row["steps"] for row in rows if row["arm"] == "distilled"} == {"3", "2"}
    assert {row["steps"] for row in rows if row["arm"] == "teacher"} == {""}
    with open(made[0] / "summary.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2 * 2 * metrics
    assert {row["verdict"] for row in rows if row["arm"] == "no teacher"} == {"reference"}


def test_a_failed_control_withholds_the_budget_that_it_belongs_to(tmp_path: Path):
    found = contests.finished()
    first, last = found.comparison.runs["distilled"]
    metric = replace(last.student.metrics[0], value=0.9, low=0.8, high=0.95)
    bad = replace(last, student=replace(last.student, controls=(Control((metric,), (metric.name,)),)))
    runs = {**found.comparison.runs, "distilled": [first, bad]}
    doubtful = replace(found, comparison=replace(found.comparison, runs=runs))
    lines = write_outputs(doubtful, worlds.bench(), out=tmp_path, title="Two arms")
    assert lines[0].startswith("distilled, seed 1: headline withheld")
    page = (tmp_path / "report.html").read_text()
    assert "headline withheld" in page
    plain = json.loads((tmp_path / "comparison.json").read_text())
    assert [len(plain["results"][budget]["withheld"]) for budget in ("equal steps", "equal seconds")] == [1, 0]
    assert [len(plain["results"][budget]["in words"]) for budget in ("equal steps", "equal seconds")] == [0, 3]


def test_the_reference_is_no_teacher_where_there_is_one():
    found = contests.finished()
    assert families_of(found)[0].found[0].reference == "no teacher"
    assert families_of(found, reference="distilled")[0].found[0].reference == "distilled"

"""What a finished run says."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from limbeck import cli
from limbeck.evaluation.control import Control
from limbeck.pipeline.checks.finding import LEVELS, Finding
from limbeck.pipeline.finish import curves, headline, next_commands, report_run, run_lines, withheld
from pipeline import worlds


def test_the_headline_has_interval_n_chance_and_the_caveat():
    said = headline(worlds.finished())
    assert said.startswith("image \N{LEFT RIGHT ARROW} text MRR: the student reaches ")
    assert "5 test items), the teacher " in said
    assert "where chance is 45.7%" in said
    assert "One seed" in said


def test_lines_end_with_commands_to_type():
    run = worlds.finished()
    lines = run_lines(run)
    assert f"limbeck evaluate {run.folder} --data {worlds.data()}" in lines[-3]
    assert "shuffled control: at chance, as it must be" in lines
    assert len(next_commands(run)) == 3


def test_next_commands_can_be_pasted():
    run = worlds.finished()
    data = replace(run.recipe.data, path="my photos/pairs.csv")
    spaced = replace(run, folder=Path("runs/it's my run"), recipe=replace(run.recipe, data=data))
    evaluate, again, opened = map(shlex.split, next_commands(spaced))
    assert evaluate == ["limbeck", "evaluate", "runs/it's my run", "--data", "my photos/pairs.csv"]
    assert again[2:5] == ["runs/it's my run/recipe.json", "--out", "runs/it's my run-again"]
    assert opened[:2] == ["python", "-c"]
    assert 'from_pretrained("runs/it\'s my run/model")' in opened[2]


@pytest.mark.slow
@pytest.mark.parametrize("made", [worlds.finished, worlds.classifier])
def test_next_commands_work(made, capsys):
    evaluate, _, opened = map(shlex.split, next_commands(made()))
    assert cli.main(evaluate[1:]) == 0, capsys.readouterr().err
    done = subprocess.run([sys.executable, *opened[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Model" in done.stdout or "MLPImageEncoder" in done.stdout


def test_a_failed_control_withholds_table_and_headline(tmp_path):
    run = worlds.finished()
    metrics = run.student.controls[0].metrics
    broken = replace(run.student, controls=(Control(metrics, (metrics[0].name,)),))
    failed = replace(run, student=broken, folder=tmp_path)
    (tmp_path / "metrics.jsonl").write_text((run.folder / "metrics.jsonl").read_text())
    said = "\n".join(run_lines(failed))
    assert "headline withheld" in said
    assert "R@1" not in said
    assert "limbeck evaluate" not in said  # its figures would be withheld too
    assert withheld({"student": broken, "teacher": run.student}) == [f"student: {broken.controls[0].verdict}"]
    page = report_run(failed).read_text()
    assert "headline withheld" in page
    assert headline(failed) not in page


def test_what_the_checks_found_stands_in_the_report(tmp_path):
    run = replace(worlds.finished(), folder=tmp_path)
    (tmp_path / "metrics.jsonl").write_text((worlds.finished().folder / "metrics.jsonl").read_text())
    found = [Finding(level, f"check {level}", f"line of {level}", "mend it") for level in LEVELS]
    found.append(Finding("warning", "check warning", "another line of it", "mend that"))
    page = report_run(run, found).read_text()
    assert json.loads((tmp_path / "checks.json").read_text()) == [asdict(each) for each in found]
    assert "another line of it; mend that" in page
    assert "trained although the checks found an error: check error: line of error; mend it" in page
    assert "line of warning; mend it" in page
    assert "line of ok" not in page
    (tmp_path / "checks.json").unlink()
    assert "Before training" not in report_run(run).read_text()
    assert not (tmp_path / "checks.json").exists()


def test_curves_show_what_was_logged():
    run = worlds.finished()
    charts = curves(run.folder)
    assert [chart.title for chart in charts] == ["student: training loss", "student: validation"]
    logged = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in logged if line.get("loss") is not None]
    assert [point[1] for point in charts[0].series[0].points] == losses

"""What a finished run says: a table with intervals, the controls, a report, and the next commands to type."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from limbeck.core.artefact import versions
from limbeck.core.evaluator import Metric
from limbeck.evaluation.cost import parameters
from limbeck.pipeline.checks.finding import Finding
from limbeck.pipeline.checks.record import warnings_of, waved, write_checks
from limbeck.pipeline.execute import Run
from limbeck.pipeline.measure import Measured
from limbeck.pipeline.parts import model_prefix
from limbeck.report.document import Commands, Facts, LineChart, Report, Section, Series, Table
from limbeck.report.metrics import arrows, metrics_table
from limbeck.report.terminal import plain_table
from limbeck.report.write import write_report
from limbeck.stages.log import FILE


def run_table(run: Run) -> Table:
    """Student beside teacher on the test split."""
    models: dict[str, Sequence[Metric]] = {"student": run.student.metrics}
    if run.teacher is not None:
        models["teacher"] = run.teacher.metrics
    return metrics_table(f"{run.recipe.name}: {run.recipe.data.path}, test split", models)


def report_run(run: Run, findings: Sequence[Finding] = ()) -> Path:
    """Write `report.html` of one run and, where data and teacher were examined before it, `checks.json`.

    Args:
        run: finished.
        findings: of `check_before`; an error among them was waved through.
    """
    if findings:
        write_checks(run.folder, findings)
    warned = warnings_of(findings)
    problems = withheld({"student": run.student} | ({"teacher": run.teacher} if run.teacher is not None else {}))
    counts = {tower: parameters([encoder]) for tower, encoder in run.encoders.items()}
    facts = {
        "teacher": run.recipe.teacher or "none",
        "student": run.recipe.student,
        "parameters": [f"{tower}: {count:,}" for tower, count in counts.items()],
        "seed": str(run.recipe.seed),
        **{f"{name} version": value for name, value in versions().items()},
    }
    report = Report(
        title=f"{run.recipe.name}: {run.recipe.student} from {run.recipe.teacher or 'no teacher'}",
        summary=[headline(run)] if not problems else [],
        warnings=[*problems, *waved(findings)],
        sections=[
            Section("Quality on the test split", [] if problems else [run_table(run)]),
            Section("Training", curves(run.folder)),
            *([Section("Before training", [Facts("What the checks warned of", warned)])] if warned else []),
            Section("Provenance", [Facts("How this was made", facts), Commands("Next", next_commands(run))]),
        ],
    )
    path = run.folder / "report.html"
    write_report(path, report)
    return path


def withheld(measured: Mapping[str, Measured]) -> list[str]:
    """One sentence for every shuffled control that is not at chance."""
    return [
        f"{name}: {control.verdict}" for name, one in measured.items() for control in one.controls if not control.passed
    ]


def headline(run: Run) -> str:
    """The result in one sentence."""
    first = run.student.metrics[0]
    beside = ""
    if run.teacher is not None:
        theirs = run.teacher.get(first.name)
        beside = f", the teacher {theirs.value:.1%}"
    return (
        f"{arrows(first.name)}: the student reaches {first.value:.1%} "
        f"({first.low:.1%} to {first.high:.1%}, {first.n:,} test items)"
        f"{beside}, where chance is {first.chance:.1%}. One seed; the spread over seeds is not in the interval."
    )


def curves(folder: Path) -> list[LineChart]:
    """Loss and validation curves of every stage that logged to `folder`."""
    lines = [json.loads(line) for line in (folder / FILE).read_text().splitlines()]
    stages = list(dict.fromkeys(line["stage"] for line in lines))
    charts = []
    for stage in stages:
        own = [line for line in lines if line["stage"] == stage]
        losses = [(float(line["step"]), float(line["loss"])) for line in own if line.get("loss") is not None]
        monitored = [line for line in own if line.get("validation")]
        charts.append(LineChart(f"{stage}: training loss", [Series("loss", losses)], x="step", y="loss"))
        if monitored:
            name = next(iter(monitored[0]["validation"]))
            points = [(float(line["step"]), 100 * float(line["validation"][name])) for line in monitored]
            charts.append(LineChart(f"{stage}: validation", [Series(name, points)], x="step", y=f"{arrows(name)}, %"))
    return charts


def next_commands(run: Run) -> list[str]:
    """What to type next, safe to paste; only what works."""
    folder, recipe = str(run.folder), shlex.quote(f"{run.folder}/recipe.json")
    data, again = shlex.quote(run.recipe.data.path), shlex.quote(f"{folder}-again")
    prefix, model = model_prefix(run.folder), json.dumps(f"{folder}/model", ensure_ascii=False)
    opened = (
        f"from transformers import AutoModel; print(AutoModel.from_pretrained({model}))"
        if prefix == "hf"
        else f"from limbeck.encoders.{prefix} import open_teacher; print(open_teacher({model}).encoders)"
    )
    # figures that are withheld now are withheld then
    evaluate = [f"limbeck evaluate {shlex.quote(folder)} --data {data}"] if run.student.sound else []
    return [
        *evaluate,
        f"limbeck run {recipe} --out {again} --set seed={run.recipe.seed + 1}",
        f"python -c {shlex.quote(opened)}",
    ]


def run_lines(run: Run) -> list[str]:
    """The result as lines of text for the terminal."""
    problems = withheld({"student": run.student})
    table = problems or [plain_table(run_table(run))]
    controls = run.student.reassurance()
    seeds = "one seed: the spread over seeds is not in these intervals"
    files = [f"model: {run.folder}/model", f"report: {run.folder}/report.html"]
    return [*table, *controls, seeds, "", *files, "", "next:", *(f"  {line}" for line in next_commands(run))]

"""What a finished run says: a table with intervals, the controls, and the next commands to type."""

from __future__ import annotations

from limbeck.pipeline.execute import Run


def print_run(run: Run) -> None:
    """The result on stdout."""
    from limbeck.report.terminal import print_metrics

    columns = {"student": run.student.metrics}
    if run.teacher is not None:
        columns["teacher"] = run.teacher.metrics
    if run.student.sound:
        print_metrics(columns, title=f"{run.recipe.name}: test split, 95 % intervals over items (one seed)")
    for control in run.student.controls:
        print(control.verdict)
    for line in next_commands(run):
        print(line)


def next_commands(run: Run) -> list[str]:
    """What to type next."""
    return [
        "",
        "next:",
        f"  limbeck evaluate {run.folder} --data {run.recipe.data.path}",
        f"  limbeck run {run.folder}/recipe.json --out {run.folder}-again --set seed={run.recipe.seed + 1}",
        f"  python -c \"from transformers import AutoModel; print(AutoModel.from_pretrained('{run.folder}/model'))\"",
    ]

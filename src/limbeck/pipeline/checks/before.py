"""`check_before`: the quick examination that every run begins with."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from limbeck.core.recipe import Recipe
from limbeck.data.splits import split_of
from limbeck.encoders.student import make_student
from limbeck.pipeline.checks.examine import Subject, choose, examine, plan_of
from limbeck.pipeline.checks.finding import Finding, stop_on_errors
from limbeck.pipeline.execute import Bench
from limbeck.pipeline.notify import Notify, silent

LOOKED = 256
SECONDS = 8.0
_SHOWN = ("time", "memory", "disk")


def check_before(
    recipe: Recipe, bench: Bench, *, out: Path, notify: Notify = silent, allow: Collection[str] = ()
) -> list[Finding]:
    """Examine what a run is about to use; say warnings and forecasts, stop on errors.

    Args:
        recipe: resolved.
        bench: data and teacher.
        out: folder of the run.
        notify: takes one line a fact.
        allow: checks whose errors are waved through.

    Raises:
        DataError: the first error.
        ResourceError: memory or disk does not suffice.
    """
    splits = split_of(bench.source, recipe.data.fractions)
    looked = choose(splits, LOOKED)
    aligned = bench.models is not None and bench.models.aligned
    width = next(iter(bench.models.encoders.values())).width if bench.models is not None and aligned else None
    student = make_student(recipe.student, width=width)
    subject = Subject(bench.source, splits, looked, bench.report, bench.leaks, recipe.data, bench.models, student)
    plan = plan_of(recipe, bench.source, splits)
    findings = examine(subject, plan=plan, cache=bench.cache, out=out, seconds=SECONDS)
    for finding in findings:
        if finding.level in ("warning", "error") or finding.check in _SHOWN:
            notify(str(finding))
    stop_on_errors(findings, allow=allow)
    return findings

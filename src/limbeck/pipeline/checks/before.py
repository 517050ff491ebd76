"""`check_before`: the quick examination that every run begins with."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from limbeck.core import graph
from limbeck.core.encoder import Teacher
from limbeck.core.errors import UsageError
from limbeck.core.features import Features
from limbeck.core.graph import Producer
from limbeck.core.recipe import Recipe
from limbeck.core.sample import Batch
from limbeck.core.wiring import check_wiring
from limbeck.data.splits import split_of
from limbeck.encoders.student import Student, make_student
from limbeck.encoders.teacher_models import TeacherModels
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
        UsageError: a stage could not train what the recipe says.
        DataError: the first error.
        ResourceError: memory or disk does not suffice.
    """
    splits = split_of(bench.source, recipe.data.fractions)
    looked = choose(splits, LOOKED)
    student = make_student(recipe.student, width=shared_width(recipe, bench.models))
    check_stages(recipe, student, bench.models)
    subject = Subject(bench.source, splits, looked, bench.report, bench.leaks, recipe.data, bench.models, student)
    plan = plan_of(recipe, bench.source, splits)
    findings = examine(subject, plan=plan, cache=bench.cache, out=out, seconds=SECONDS)
    for finding in findings:
        if finding.level in ("warning", "error") or finding.check in _SHOWN:
            notify(str(finding))
    stop_on_errors(findings, allow=allow)
    return findings


def shared_width(recipe: Recipe, models: TeacherModels | None) -> int | None:
    """Width of the space that the student is given: the teacher's, or that of its projectors; None for its own."""
    if models is None:
        return None
    if not models.aligned and len(models.encoders) > 1:
        return recipe.align.width if recipe.align is not None else None
    return next(iter(models.encoders.values())).width


def check_stages(recipe: Recipe, student: Student, models: TeacherModels | None) -> None:
    """The wiring of every stage, before hours are spent on the teacher's outputs.

    Raises:
        UsageError: see `check_wiring`.
    """
    producers: dict[str, Producer] = {f"student.{modality}": part for modality, part in student.encoders.items()}
    producers["student.scale"] = student.scale
    for modality, encoder in (models.encoders if models is not None else {}).items():
        width = encoder.width if models is None or models.aligned else shared_width(recipe, models)
        aligned = models is None or models.aligned or len(models.encoders) == 1
        outputs = encoder.outputs if aligned else ("base", *encoder.outputs)
        producers[f"teacher.{modality}"] = _Announced(modality, width or encoder.width, outputs)
    producers |= recipe.parts
    read = {ref.producer for stage in recipe.stages for ref in graph.refs_of(stage, producers)}
    for name in read - producers.keys():
        if name.partition(".")[0] in recipe.teachers:  # opened when it is cached
            producers[name] = _Announced(name.partition(".")[2], 0, ())
    graph.check_parts(recipe.parts, recipe.stages)
    for stage in recipe.stages:
        check_wiring(stage, producers)


class _Announced(Teacher):
    """A teacher that is not cached yet: what is known of it is its width and what it could say."""

    def __init__(self, modality: str, width: int, outputs: tuple[str, ...]) -> None:
        self.modality, self.width, self.outputs = modality, width, outputs

    def __call__(self, batch: Batch, *, want: Collection[str] = ("pooled",)) -> Features:
        raise UsageError(f"the {self.modality} teacher is not cached yet")

    def fingerprint(self) -> str:
        return ""

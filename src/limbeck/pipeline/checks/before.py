"""`check_before`: the quick examination that every run begins with."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from limbeck.core import graph
from limbeck.core.encoder import Teacher
from limbeck.core.errors import UsageError
from limbeck.core.features import Features
from limbeck.core.graph import Producer
from limbeck.core.recipe import Recipe
from limbeck.core.sample import Batch
from limbeck.core.wiring import check_wiring
from limbeck.data.record import MODALITIES
from limbeck.data.splits import split_of
from limbeck.encoders.student import Student, make_student
from limbeck.encoders.teacher_models import TeacherModels
from limbeck.pipeline.checks.examine import Subject, choose, examine, plan_of
from limbeck.pipeline.checks.finding import Finding, stop_on_errors
from limbeck.pipeline.checks.teachers import check_aligned, towerless
from limbeck.pipeline.execute import Bench
from limbeck.pipeline.notify import Notify, silent
from limbeck.pipeline.teach import Taught
from limbeck.pipeline.train import operate

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


def check_taught(
    taught: Taught,
    bench: Bench,
    findings: list[Finding],
    *,
    notify: Notify = silent,
    allow: Collection[str] = (),
) -> None:
    """Examine two encoders that were aligned just now, before a student learns from them; see `check_before`.

    Args:
        taught: the teacher.
        bench: data and teacher.
        findings: takes what is found.
        notify: takes one line a fact.
        allow: checks whose errors are waved through.

    Raises:
        DataError: they know nothing about the validation rows.
    """
    if bench.models is None or bench.models.aligned or len(taught.encoders) < 2:
        return
    aligned = TeacherModels(f"{bench.models.name}, aligned,", dict(taught.encoders), aligned=True)
    found = list(check_aligned(aligned, bench.source, bench.rows.validation, seconds=SECONDS))
    for finding in found:
        notify(str(finding))
    findings += found
    stop_on_errors(found, allow=allow)


def shared_width(recipe: Recipe, models: TeacherModels | None) -> int | None:
    """Width of the space that the student is given: the teacher's, or that of its projectors; None for its own."""
    if models is None:
        return None
    if not models.aligned and len(models.encoders) > 1:
        return recipe.align.width if recipe.align is not None else None
    return next(iter(models.encoders.values())).width


def foresee(recipe: Recipe, student: Student | None, models: TeacherModels | None) -> list[Finding]:
    """What `check_stages` would refuse, as findings; of a student or a teacher that is not named, nothing."""
    found = list(check_towers(recipe, student, models))
    if found or student is None or models is None:
        return found
    try:
        check_stages(recipe, student, models)
    except UsageError as error:
        return [Finding("error", "stages", str(error))]
    return []


def check_towers(recipe: Recipe, student: Student | None, models: TeacherModels | None) -> Iterator[Finding]:
    """Encoders that the stages read or train, and that student or teacher do not have."""
    read = {ref.producer for stage in recipe.stages for ref in graph.refs_of(stage, recipe.parts)}
    read |= {name for stage in recipe.stages for name in stage.trains}
    if student is not None and (lacks := _lacks("student", read - recipe.parts.keys(), student.encoders)):
        line = f"{student.name} has no {' and no '.join(lacks)} encoder"
        yield Finding("error", "student", line, "take one of image and text, such as conv-s or vit-s")
    if models is not None and (lacks := _lacks("teacher", read - recipe.parts.keys(), models.encoders)):
        yield towerless(models, lacks)


def _lacks(role: str, read: Collection[str], encoders: Collection[str]) -> list[str]:
    return [modality for modality in MODALITIES if f"{role}.{modality}" in read and modality not in encoders]


def check_stages(recipe: Recipe, student: Student, models: TeacherModels | None) -> None:
    """The wiring of every stage, before hours are spent on the teacher's outputs.

    Raises:
        UsageError: an encoder that the stages need is not there, in one line; else see `check_wiring`.
    """
    for finding in check_towers(recipe, student, models):  # said first: it makes many wrong names in the wiring
        raise UsageError(finding.sentence)
    theirs = dict(models.encoders) if models is not None else {}
    if recipe.surgeries or any(stage.surgeries for stage in recipe.stages):
        # They may give a tower other outputs and widths; the one that is asked about is left as it is.
        student = make_student(recipe.student, width=shared_width(recipe, models), seed=recipe.seed)
        operate(recipe.surgeries, student, theirs, seed=recipe.seed)
    producers: dict[str, Producer] = {"student.scale": student.scale, **_towers(student)}
    for modality, encoder in theirs.items():
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
        operate(stage.surgeries, student, theirs, seed=recipe.seed)
        check_wiring(stage, producers | _towers(student))


def _towers(student: Student) -> dict[str, Producer]:
    return {f"student.{modality}": encoder for modality, encoder in student.encoders.items()}


class _Announced(Teacher):
    """A teacher that is not cached yet: what is known of it is its width and what it could say."""

    def __init__(self, modality: str, width: int, outputs: tuple[str, ...]) -> None:
        self.modality, self.width, self.outputs = modality, width, outputs

    def __call__(self, batch: Batch, *, want: Collection[str] = ("pooled",)) -> Features:
        raise UsageError(f"the {self.modality} teacher is not cached yet")

    def fingerprint(self) -> str:
        return ""

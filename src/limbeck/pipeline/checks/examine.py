"""`examine`: everything that can be known to be wrong before step 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from limbeck.core.encoder import Encoder
from limbeck.core.recipe import DataSpec, Optimisation, Recipe
from limbeck.core.source import Source
from limbeck.data.cache.key import DTYPES
from limbeck.data.scan import ScanReport
from limbeck.encoders.student import Student
from limbeck.encoders.teacher_models import TeacherModels
from limbeck.pipeline.checks.costs import Plan, check_costs, measure_student
from limbeck.pipeline.checks.finding import Finding
from limbeck.pipeline.checks.inputs import check_normalisation, check_pictures, check_tokens
from limbeck.pipeline.checks.leakage import Leaks, leakage
from limbeck.pipeline.checks.rows import check_rows
from limbeck.pipeline.checks.teachers import Heard, check_teacher, hear
from limbeck.pipeline.rows import kind_of


@dataclass(frozen=True)
class Subject:
    """What is examined.

    Args:
        source: every row.
        splits: split -> rows.
        looked: rows whose pictures and texts are looked at; all of them can be read.
        report: what reading rows found.
        leaks: held-out rows that training has seen.
        data: how the data is used.
        models: the teacher, or None.
        student: fresh, not trained afterwards; or None.
    """

    source: Source
    splits: Mapping[str, Sequence[int]]
    looked: Sequence[int]
    report: ScanReport
    leaks: Leaks
    data: DataSpec
    models: TeacherModels | None = None
    student: Student | None = None


def examine(
    subject: Subject, *, plan: Plan | None = None, cache: Path, out: Path, seconds: float = 20.0, pairs: bool = False
) -> list[Finding]:
    """Look at data, teacher and student; nothing is written and nothing is trained.

    Use when a run starts (with `stop_on_errors`) or somebody asks what is wrong with their data.

    Args:
        subject: what is examined.
        plan: how much the run does; None leaves the forecasts out.
        cache: folder of the caches.
        out: folder of the run.
        seconds: that the teacher may take to answer.
        pairs: a run on pairs is asked about.
    """
    source, looked = subject.source, subject.looked
    splits, leaks, most = subject.splits, subject.leaks, subject.data.max_bad
    found = [*check_rows(source, splits, subject.report, max_bad=most, leaks=leaks, pairs=pairs)]
    found += leakage(source, subject.leaks)
    encoders = towers(subject)
    found += check_pictures(subject.report, encoders)
    found += check_normalisation(source, looked, encoders)
    found += check_tokens(source, looked, encoders)
    heard = Heard(())
    if subject.models is not None:
        heard = hear(subject.models, source, looked, seconds=seconds)
        found += check_teacher(subject.models, source, heard)
    if subject.student is not None:
        found += _widths(subject.student, subject.models)
    if subject.student is not None and plan is not None:
        widths = {} if subject.models is None else {m: e.width for m, e in subject.models.encoders.items()}
        found += check_costs(
            plan,
            student=subject.student,
            pace=measure_student(subject.student, source, looked, subject.data),
            teacher=heard.seconds,
            widths=widths,
            cache=cache,
            out=out,
        )
    return found


def _widths(student: Student, models: TeacherModels | None) -> list[Finding]:
    """A student that cannot take the width of the teacher's space."""
    if models is None or not models.aligned or len(student.encoders) < 2:
        return []
    theirs = next(iter(models.encoders.values())).width
    other = [f"{modality} {encoder.width}" for modality, encoder in student.encoders.items() if encoder.width != theirs]
    if not other:
        return []
    return [
        Finding(
            "warning",
            "width",
            f"{student.name} cannot take the teacher's width of {theirs} ({', '.join(other)})",
            "take a CLIP or VisionTextDualEncoder student, or a method without features, such as affinity_mimicking",
        )
    ]


def towers(subject: Subject) -> dict[str, Encoder]:
    """`student.image`, `teacher.text`, ... -> encoder."""
    found: dict[str, Encoder] = {}
    if subject.student is not None:
        found |= {f"student.{modality}": encoder for modality, encoder in subject.student.encoders.items()}
    if subject.models is not None:
        found |= {f"teacher.{modality}": encoder for modality, encoder in subject.models.encoders.items()}
    return found


def plan_of(recipe: Recipe, source: Source, splits: Mapping[str, Sequence[int]]) -> Plan:
    """How much a recipe does with these rows; teacher outputs that are cached already are counted too."""
    changed = {part.modality for part in recipe.data.augmentations}
    outputs: dict[str, int] = {}
    views: dict[str, int] = {}
    for name in ("train", "validation"):
        for row in splits.get(name, ()):
            here = source.rows[row].modalities
            draws = recipe.data.draws_of(kind_of(here)) if name == "train" else 0
            for modality in here:
                drawn = draws if modality in changed else 0
                views[modality] = views.get(modality, 0) + max(1, drawn)
                outputs[modality] = outputs.get(modality, 0) + 1 + drawn
    batch: dict[str, int] = {}
    passes: dict[str, int] = {}
    steps = validations = 0
    for stage in recipe.stages:
        budget = stage.budget
        steps += budget.steps
        validations += budget.steps // budget.evaluate_every if budget.evaluate_every else 1
        used = {ref.producer for term in stage.terms.values() for ref in term.inputs.values()}
        for modality in views:
            rows = sum(count for kind, count in budget.batch.items() if modality in kind.split("+"))
            if f"student.{modality}" in used:
                batch[modality] = max(batch.get(modality, 0), rows)
                passes[modality] = passes.get(modality, 0) + rows * budget.steps
    held = validations * len(splits.get("validation", ()))
    stored = DTYPES[recipe.data.cache_dtype].itemsize
    last = recipe.stages[-1].optimisation if recipe.stages else Optimisation()
    return Plan(outputs, views, batch, passes, steps, held, stored, last)


def choose(splits: Mapping[str, Sequence[int]], count: int) -> tuple[int, ...]:
    """At most `count` rows in random order, the same every time, at most half of them held out; 0 takes all.

    >>> sorted(choose({"train": range(3), "test": [3]}, 0))
    [0, 1, 2, 3]
    """
    generator = np.random.default_rng(0)
    training, held = _dealt(splits.get("train", ()), generator), []
    for name, rows in sorted(splits.items()):
        held += _dealt(rows, generator) if name != "train" else []
    if not count or count >= len(training) + len(held):
        return tuple(held + training)
    some = min(len(held), max(count // 2, count - len(training)))
    return tuple(held[:some] + training[: count - some])


def _dealt(rows: Sequence[int], generator: np.random.Generator) -> list[int]:
    return [int(row) for row in generator.permutation(np.array(sorted(rows), dtype=np.int64))]

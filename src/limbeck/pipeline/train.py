"""Training a student through the stages of a recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from limbeck.core import graph
from limbeck.core.artefact import sha256_json
from limbeck.core.composite import Models, composed
from limbeck.core.describe import describe
from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.evaluator import Metric
from limbeck.core.part import Moving, Part, bind_parts, make_parts
from limbeck.core.recipe import Recipe
from limbeck.core.source import Source
from limbeck.core.surgery import Surgery
from limbeck.data.augmentation.augment import augmentation_fingerprint
from limbeck.data.loader import EvalLoader, TrainLoader
from limbeck.data.prepared import PreparedStore
from limbeck.data.sampler import MixedSampler
from limbeck.encoders.student import Student, make_student
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.pipeline.notify import Notify, silent
from limbeck.pipeline.rows import Rows
from limbeck.pipeline.teach import Taught
from limbeck.pipeline.views import bound, view_of
from limbeck.stages.loop import fit
from limbeck.stages.result import FitResult


@dataclass(frozen=True)
class Trained:
    """A student and how it got there.

    Args:
        student: in eval mode, with the weights that were kept.
        fits: stage name -> what the loop reported.
        parts: the layers of the recipe, in eval mode, with the weights that were kept.
        models: modality -> what evaluation reads: towers, or what the recipe's `answers` say.
    """

    student: Student
    fits: Mapping[str, FitResult]
    parts: Mapping[str, Part]
    models: Models


def train(
    recipe: Recipe,
    source: Source,
    rows: Rows,
    taught: Taught | None,
    *,
    folder: Path | None,
    store: PreparedStore | None = None,
    tokenizer: str | None = None,
    resume: bool = True,
    workers: int = 0,
    notify: Notify = silent,
) -> Trained:
    """Every stage of the recipe in order, each resumable, each validated on the validation rows.

    Args:
        recipe: student, stages, evaluators and seed.
        source: the rows.
        rows: which train and validate.
        taught: the teacher; None for a recipe without one.
        folder: of the run; gets `metrics.jsonl` and `checkpoints/`. None keeps nothing on the disk, and is quiet.
        store: prepared samples that several runs share.
        tokenizer: JSON of the student's tokenizer; None for the default.
        resume: go on from checkpoints.
        workers: data-loader processes.
        notify: takes one line a fact.
    """
    student = make_student(
        recipe.student, width=taught.width if taught is not None else None, tokenizer=tokenizer, seed=recipe.seed
    )
    graph.check_parts(recipe.parts, recipe.stages)
    theirs = dict(taught.encoders) if taught is not None else {}
    operate(recipe.surgeries, student, theirs, seed=recipe.seed, notify=notify)
    live = {f"student.{m}": encoder for m, encoder in student.encoders.items()}
    live |= {f"teacher.{m}": encoder for m, encoder in theirs.items()}
    live |= dict(taught.further) if taught is not None else {}
    parts = make_parts(recipe.parts, seed=recipe.seed, encoders=live)
    producers: dict[str, Any] = {f"student.{m}": encoder for m, encoder in student.encoders.items()}
    producers["student.scale"] = student.scale
    if taught is not None:
        producers |= taught.teachers
    producers |= parts
    views = {m: view_of(encoder) for m, encoder in student.encoders.items()}
    held = EvalLoader(source, indices=rows.validation, views=views, batch_size=256, store=store or PreparedStore())
    identity = identity_of(recipe, source, taught)
    kept = {name: part for name, part in parts.items() if isinstance(part, Part)}
    scales = {"student.scale": student.scale}

    def models() -> Models:
        return composed(live, parts=kept, answers=recipe.answers, scales=scales)

    fits: dict[str, FitResult] = {}
    learnt: set[str] = set()
    for stage in recipe.stages:
        if stage.surgeries:
            operate(stage.surgeries, student, theirs, seed=recipe.seed, notify=notify)
            bind_parts(parts, live)
        sampler = MixedSampler(rows.train, batch=stage.budget.batch, draws=recipe.data.draws, seed=recipe.seed)
        needed = {ref.producer for ref in graph.refs_of(stage, producers)}
        needed |= {part.of for name, part in parts.items() if isinstance(part, Moving) and name in needed}
        loader = TrainLoader(
            source,
            sampler=sampler,
            views={f"student.{m}": view for m, view in views.items() if f"student.{m}" in needed},
            augmentations=recipe.data.augmentations,
            jitters=recipe.data.jitters,
            workers=workers,
            store=store,
        )
        learnt |= set(stage.trains)
        validate = _validation(recipe, student, taught, held, learnt, models)
        fits[stage.name] = fit(
            stage,
            producers,
            loader,
            folder=folder,
            validate=validate,
            seed=recipe.seed,
            progress=folder is not None,
            resume=resume,
            identity=identity,
            ids=lambda indices: [source.rows[index].id for index in indices],
        )
        for warning in fits[stage.name].warnings:
            notify(f"warning: {warning}")
    for encoder in student.encoders.values():
        encoder.eval()
    student.model.eval()
    for part in kept.values():
        part.layer.eval()
    for surgery in reversed((*recipe.surgeries, *(s for stage in recipe.stages for s in stage.surgeries))):
        surgery.settle(student.encoders)
    read = models()
    for encoder in read.values():
        encoder.eval()
    return Trained(student, fits, kept, read)


def operate(
    surgeries: Sequence[Surgery],
    student: Student,
    teachers: Mapping[str, Encoder],
    *,
    seed: int,
    notify: Notify = silent,
) -> None:
    """Do surgeries to a student, each under a seed of its own, and say what they changed.

    Raises:
        UsageError: one left something outside the model that is exported.
    """
    for number, surgery in enumerate(surgeries):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(sha256_json(["surgery", seed, number])[:12], 16))
            report = surgery(student.encoders, teachers=teachers)
        for line in (*report.lines, f"{report.before:,} -> {report.after:,} parameters"):
            notify(f"{type(surgery).__name__}: {line}")
        inside = {id(p) for p in student.model.parameters()}
        if any(id(p) not in inside for encoder in student.encoders.values() for p in encoder.parameters()):
            raise UsageError(
                f"{type(surgery).__name__} left weights outside the model that is exported; change modules inside "
                "towers and heads, not the encoder's own attributes"
            )


def identity_of(recipe: Recipe, source: Source, taught: Taught | None) -> dict[str, Any]:
    """What a checkpoint of this run belongs to; resuming under another one is refused with every difference named."""
    return {
        "data": source.fingerprint(),
        "augmentation": augmentation_fingerprint(recipe.data.augmentations),
        "draws": recipe.data.draws,
        "teacher": taught.fingerprint if taught is not None else "",
        "student": recipe.student,
        "recipe": sha256_json(describe(recipe)),
    }


def _validation(
    recipe: Recipe,
    student: Student,
    taught: Taught | None,
    held: EvalLoader,
    learnt: set[str],
    models: Callable[[], Models],
) -> Callable[[], dict[str, float]] | None:
    """Metrics on the validation rows; a tower that no stage has trained yet is stood in for by the teacher's.

    Without a teacher such a stage is not validated: a random tower finds nothing, whatever the other one has learnt.
    """
    untrained = {m for m in student.encoders if f"student.{m}" not in learnt and m not in recipe.answers}
    if untrained and (taught is None or not untrained <= taught.encoders.keys()):
        return None
    encoders = models()
    if untrained and taught is not None:
        encoders |= {m: taught.encoders[m] for m in untrained}
    views = {m: view_of(encoder) for m, encoder in encoders.items()}
    loader = held
    if {m: view.fingerprint() for m, view in views.items()} != {m: v.fingerprint() for m, v in held.views.items()}:
        loader = EvalLoader(held.source, indices=held.indices, views=views, batch_size=256, store=held.store)
    evaluators = bound(recipe.evaluators or (RetrievalEvaluator(),), encoders)

    def validate() -> dict[str, float]:
        found: list[Metric] = [metric for evaluator in evaluators for metric in evaluator(encoders, loader)]
        return {metric.name: metric.value for metric in found}

    return validate

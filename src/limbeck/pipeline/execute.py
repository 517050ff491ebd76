"""`execute`: a recipe in, a run folder out.

recipe.json      the resolved recipe; `limbeck run RUN/recipe.json` does it again
metrics.jsonl    what training logged
checkpoints/     the newest verified ones of every stage
model/           the student as a plain transformers folder
parts.safetensors  weights of the recipe's parts, where it has any
evaluation.json  the test split, read once
bad-rows.csv     ids of the rows that were left out, and why; where there were any
checks.json      what the checks before training found, where there were any (written by `report_run`)
manifest.json    written last: a folder that has one is finished
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from limbeck.core.artefact import MANIFEST, read_json, verify, write_file, write_json, write_manifest
from limbeck.core.csv_text import csv_text
from limbeck.core.describe import describe
from limbeck.core.encoder import Encoder
from limbeck.core.errors import ArtefactError, DataError, UsageError
from limbeck.core.evaluator import Evaluator
from limbeck.core.recipe import Recipe
from limbeck.core.source import Source
from limbeck.data.alone import alone
from limbeck.data.open import open_source
from limbeck.data.prepared import PreparedStore
from limbeck.data.scan import ScanReport, drop_bad, scan
from limbeck.data.splits import split_of
from limbeck.encoders.load import load_teacher
from limbeck.encoders.save_student import save_student
from limbeck.encoders.teacher_models import TeacherModels
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.pipeline.apprentice import PREFIX, place_of, recipe_of
from limbeck.pipeline.checks.leakage import LOOKING, Leaks, find_leaks
from limbeck.pipeline.differences import differences
from limbeck.pipeline.measure import Measured, measure, measured_from
from limbeck.pipeline.notify import Notify, counted, silent
from limbeck.pipeline.parts import open_run_models, save_parts
from limbeck.pipeline.rows import Rows, divide
from limbeck.pipeline.teach import Opened, Taught, teach, wanted_of
from limbeck.pipeline.train import identity_of, train


@dataclass(frozen=True)
class Bench:
    """Data and teacher, opened once for any number of runs.

    Args:
        source: the usable rows.
        rows: which train, validate and test.
        models: the teacher's encoders, or None.
        cache: root of all caches.
        store: prepared samples, shared by all runs.
        report: what reading every row found.
        leaks: held-out rows that training has seen; they are in `rows` no more.
        opened: further teachers and caches that are in use: seeds and arms that need the same one hold it once.
    """

    source: Source
    rows: Rows
    models: TeacherModels | None
    cache: Path
    store: PreparedStore
    report: ScanReport
    leaks: Leaks
    opened: Opened = field(default_factory=WeakValueDictionary, repr=False, compare=False)


@dataclass(frozen=True)
class Run:
    """A finished run.

    Args:
        folder: of the run.
        recipe: as it was run.
        encoders: modality -> the student's encoder, in eval mode, with the weights that were kept.
        student: its test metrics.
        teacher: the teacher's test metrics, or None without one.
        reused: the folder was there, finished and whole; nothing was trained now.
    """

    folder: Path
    recipe: Recipe
    encoders: Mapping[str, Encoder]
    student: Measured
    teacher: Measured | None
    reused: bool = False


def open_bench(recipe: Recipe, *, cache: Path, notify: Notify = silent) -> Bench:
    """Load the teacher, read every row once, divide them; held-out rows that training has seen are left out."""
    source = open_source(recipe.data.path, max_bad=recipe.data.max_bad)
    models = open_named(recipe.teacher, cache=cache, notify=notify) if recipe.teacher is not None else None
    report = scan(source, watch=counted(notify, "reading rows"))
    if report.bad:
        stops = report.share > recipe.data.max_bad
        notify(f"{len(report.bad)} of {report.rows} rows cannot be used{'' if stops else ' and are left out'}:")
        for line in report.lines(most=len(report.bad) if stops else 10):  # a run that goes on writes all of them down
            notify(f"  {line}")
    source = drop_bad(source, report, max_bad=recipe.data.max_bad)
    rows, leaks = held_apart(source, recipe.data.fractions, notify=notify)
    kinds = ", ".join(f"{len(r)} {kind}" for kind, r in rows.train.items())
    notify(f"train {kinds}; validation {len(rows.validation)}; test {len(rows.test)}")
    return Bench(source, rows, models, cache, PreparedStore(), report, leaks)


def held_apart(source: Source, fractions: tuple[float, float, float], *, notify: Notify = silent) -> tuple[Rows, Leaks]:
    """Which rows train, validate and test; a held-out row whose picture training has too is in none of them.

    Raises:
        DataError: too little is left.
    """
    splits = split_of(source, fractions)
    leaks = find_leaks(source, splits, watch=counted(notify, LOOKING))
    for line in leaks.lines(source):
        notify(line)
    try:
        return divide(source, leaks.without(splits)), leaks
    except DataError as error:
        divide(source, splits)  # says what is wrong where it is not the leaks
        removed = ", ".join(f"{len(leaks.rows(name))} {name}" for name in leaks.pictures)
        raise DataError(
            f"{error} (left out because their pictures stand in training: {removed} rows; give equal pictures one "
            "`group`, or one split)"
        ) from error


def prepare_teacher(recipe: Recipe, bench: Bench, *, folder: Path, notify: Notify = silent) -> Taught | None:
    """The recipe's teachers, cached, the main one aligned; None for a recipe without one."""
    own = [bench.models] if bench.models is not None and recipe.teacher is not None else []
    further = {name: _further(name, each, bench, notify) for name, each in sorted(recipe.teachers.items())}
    if not own and not further:
        return None
    return teach(
        own[0] if own else None,
        bench.source,
        bench.rows,
        recipe.data,
        align=recipe.align,
        seed=recipe.seed,
        cache=bench.cache,
        folder=folder,
        notify=notify,
        further=further,
        wanted=wanted_of(recipe),
        shared=bench.opened,
    )


def _further(name: str, each: str, bench: Bench, notify: Notify) -> TeacherModels:
    """A further teacher, opened once for all who use it under one name at one time."""
    found: TeacherModels | None = bench.opened.get((name, each))
    if found is None:
        found = bench.opened[name, each] = open_named(each, cache=bench.cache, notify=notify)
    return found


def open_named(name: str, *, cache: Path, notify: Notify = silent) -> TeacherModels:
    """A teacher by name; `recipe:NAME` is trained first, where that has not been done before."""
    return open_trained(name, cache=cache, notify=notify) if name.startswith(PREFIX) else load_teacher(name)


def open_trained(name: str, *, cache: Path, notify: Notify = silent) -> TeacherModels:
    """The student of another recipe as a teacher.

    It is trained under the seed that its recipe says, so that students of all seeds learn from one teacher, and kept
    below `cache/apprentices` by what the recipe says and by the code that trains.

    Raises:
        UsageError: no such recipe.
    """
    other = recipe_of(name)
    folder = place_of(other, cache)
    # A lock of its own: others train meanwhile, among them the teacher that this recipe itself may name.
    lock = folder.with_name(f".{folder.name}.lock")
    lock.mkdir(parents=True, exist_ok=True)
    with alone(lock, lambda: notify(f"{name} is being trained by another process; waiting")):
        run = finished(other, folder) if folder.exists() else None
        if run is None:
            notify(f"training the teacher {name}")
            run = execute(other, folder, cache=cache, notify=notify)
    first = run.student.metrics[0]
    notify(f"teacher {name}: {first.name} {first.value:.4f} on its test rows")
    return TeacherModels(name, dict(run.encoders), aligned=True)


def execute(
    recipe: Recipe,
    out: Path,
    *,
    cache: Path,
    bench: Bench | None = None,
    taught: Taught | None = None,
    teacher: Measured | None = None,
    resume: bool = True,
    workers: int = 0,
    notify: Notify = silent,
    examine: Callable[[Taught], object] | None = None,
    finishers: Sequence[Callable[[Run], object]] = (),
) -> Run:
    """Run a recipe into the folder `out`.

    Args:
        recipe: resolved.
        out: the run folder; a finished or foreign one is refused, an interrupted one of the same recipe goes on.
        cache: root of all caches.
        bench: data and teacher where they are open already.
        taught: the prepared teacher where it is there already.
        teacher: its test metrics where they are known already; measured here otherwise.
        resume: go on from checkpoints.
        workers: data-loader processes.
        notify: takes one line a fact.
        examine: called with a teacher that was prepared here, before a student is trained; may refuse it.
        finishers: called with the run before its manifest is written; what they put into the folder is part of it.

    Raises:
        ArtefactError: `out` holds another run.
        LimbeckError: anything else that is the user's to mend; see its class.
    """
    claim_folder(recipe, out)
    bench = bench or open_bench(recipe, cache=cache, notify=notify)
    if taught is None:
        taught = prepare_teacher(recipe, bench, folder=out / "align", notify=notify)
        if taught is not None and examine is not None:
            examine(taught)
    trained = train(
        recipe,
        bench.source,
        bench.rows,
        taught,
        folder=out,
        store=bench.store,
        resume=resume,
        workers=workers,
        notify=notify,
    )
    save_student(trained.student, out / "model", source=identity_of(recipe, bench.source, taught))
    save_parts(trained.parts, out / "parts.safetensors")
    evaluators: Sequence[Evaluator] = recipe.evaluators or (RetrievalEvaluator(),)
    notify(f"measuring on {len(bench.rows.test)} test rows")
    student = measure(trained.models, bench.source, bench.rows.test, evaluators)
    if teacher is None and taught is not None:
        teacher = measure_teacher(taught, bench, evaluators)
    write_json(out / "evaluation.json", evaluation_json(student, teacher))
    if bench.report.bad:
        rows = [{"id": row.id, "reason": row.reason} for row in bench.report.bad]
        write_file(out / "bad-rows.csv", csv_text(rows).encode())
    done = Run(out, recipe, trained.models, student, teacher)
    for finish in finishers:
        finish(done)
    write_manifest(out, "run", identity_of(recipe, bench.source, taught))
    return done


def measure_teacher(taught: Taught, bench: Bench, evaluators: Sequence[Evaluator]) -> Measured | None:
    """What the teacher scores on the test rows; None where it cannot answer every evaluator's question."""
    able = [evaluator for evaluator in evaluators if evaluator.answers(taught.encoders)]
    return measure(taught.encoders, bench.source, bench.rows.test, able) if able else None


def finished(recipe: Recipe, out: Path) -> Run | None:
    """The run of this recipe in `out` if it is there, finished and every byte of it verifies; None if it is not begun.

    Raises:
        ArtefactError: the folder is corrupt.
    """
    if not (out / MANIFEST).exists() or read_json(out / "recipe.json", kind="recipe") != describe(recipe):
        return None
    verify(out, kind="run")
    plain = read_json(out / "evaluation.json", kind="evaluation")
    found = {name: measured_from(plain[name]) for name in ("student", "teacher") if name in plain}
    encoders = open_run_models(recipe, out)
    return Run(out, recipe, encoders, found["student"], found.get("teacher"), reused=True)


def claim_folder(recipe: Recipe, out: Path) -> None:
    """Write `recipe.json`, or check that the one that is there is this recipe's.

    Raises:
        UsageError: the folder holds something that is no run.
        ArtefactError: it holds a finished run, or one of another recipe.
    """
    check_folder(out, recipe)
    if not (out / "recipe.json").exists():
        write_json(out / "recipe.json", describe(recipe))


def check_folder(out: Path, recipe: Recipe | None = None) -> None:
    """Refuse a folder that a run cannot go into, before anything is read or written.

    Raises:
        UsageError: the folder holds something that is no run, or lies below a file; the recipe has no stage.
        ArtefactError: it holds a finished run or, where the recipe is known, one of another recipe.
    """
    if recipe is not None and not recipe.stages:
        raise UsageError(f"the recipe '{recipe.name}' has no stage, so that nothing would be trained; give it one")
    for place in out.parents:
        if place.exists() and not place.is_dir():
            raise UsageError(f"{place} is a file; --out {out} cannot be a folder below it, choose another --out")
    written = out / "recipe.json"
    if written.exists():
        if (out / MANIFEST).exists():
            raise ArtefactError(f"{out} holds a finished run; choose another --out or delete it")
        if recipe is None:
            return
        found, asked = read_json(written, kind="recipe"), describe(recipe)
        if found != asked:
            raise ArtefactError(
                f"{out} holds an interrupted run of another recipe ({differences(found, asked)}); choose another "
                "--out, or delete it"
            )
        return
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; --out is a folder for the run")
    # A run that was killed while it wrote its first file leaves nothing but a temporary name.
    if out.exists() and any(".tmp-" not in place.name for place in out.iterdir()):
        raise UsageError(f"{out} is not empty and holds no run; choose another --out")


def evaluation_json(student: Measured, teacher: Measured | None) -> dict[str, Any]:
    """Metrics with intervals, chance and per-item values, and the verdicts of the controls."""
    return {"student": student.to_json()} | ({"teacher": teacher.to_json()} if teacher is not None else {})

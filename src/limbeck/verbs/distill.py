"""`limbeck distill`: one student from one teacher, on your own data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from limbeck.verbs.kept import kept_in_cache

if TYPE_CHECKING:
    from limbeck.core.recipe import Recipe
    from limbeck.pipeline.execute import Run

# Chosen on validation rows of two data sets: docs/lab/distill-defaults.md. `compare` and `doctor` take the same.
STUDENT, RATE, OPTIMIZER = "resnet-s", 4e-3, "muon"


@kept_in_cache
def distill(
    data: Annotated[str, "CSV, JSONL, Parquet, image folder, tar shards, or the built-in `icons`"],
    *,
    teacher: Annotated[str, "hf:FOLDER-OR-NAME, st:..., open_clip:..., timm:..., hf:IMAGE+hf:TEXT, a preset"],
    out: Annotated[Path | str, "folder for the run; must be new or an interrupted run of the same recipe"],
    student: Annotated[str, "preset (resnet-s, vit-s, ...) or hf:CONFIG"] = STUDENT,
    method: Annotated[str, "what the student is taught by; see `limbeck list method`"] = "balanced",
    steps: Annotated[int, "optimizer steps; 0 takes 30 passes over the pairs, at least 500"] = 0,
    batch_size: Annotated[int, "pairs in a batch"] = 256,
    learning_rate: Annotated[float, "peak learning rate"] = RATE,
    optimizer: Annotated[str, "adamw, or muon (with AdamW for what is no matrix)"] = OPTIMIZER,
    draws: Annotated[int, "augmented draws kept for each row; 0 trains without augmentation"] = 4,
    seed: Annotated[int, "of weights, order and draws"] = 0,
    max_bad: Annotated[float, "largest share of unreadable rows (0.01 or 1%)"] = 0.01,
    cache: Annotated[Path | str | None, "folder for caches; default: LIMBECK_CACHE or ~/.cache/limbeck"] = None,
    cache_dtype: Annotated[
        str, "how the teacher's outputs are stored: float32, or float16 (half the size)"
    ] = "float32",
    workers: Annotated[int, "data-loader processes"] = 0,
    allow: Annotated[tuple[str, ...], "train although this check found an error: --allow 'teacher at chance'"] = (),
) -> Run:
    """Distil one small student from one teacher.

    Everything is checked first (`limbeck doctor` shows the same checks). The teacher's outputs are cached; two unimodal
    encoders are aligned by trained projectors first. An interrupted run goes on where it stopped when the same command
    is typed again.

    Args:
        data: table, image folder, shards, or a built-in name.
        teacher: what is distilled.
        out: run folder.
        student: what is trained.
        method: its terms.
        steps: optimizer steps.
        batch_size: pairs in a batch.
        learning_rate: peak.
        optimizer: what moves the weights.
        draws: stored augmentation draws.
        seed: of everything random.
        max_bad: share of unreadable rows above which nothing is trained.
        cache: root of all caches.
        cache_dtype: in which the teacher's answers are stored.
        workers: data-loader processes.
        allow: checks whose errors are waved through; findings name their check.

    Returns:
        The finished run with its test metrics.

    Raises:
        UsageError: a wrong name, number or combination.
        DataError: data that cannot be used.
        ArtefactError: `out` holds something else, or a file is corrupt.
        ResourceError: disk or memory.
    """
    from functools import partial

    from limbeck.data.places import cache_folder
    from limbeck.encoders.student import make_student
    from limbeck.pipeline.checks.before import check_before, check_taught
    from limbeck.pipeline.checks.finding import check_allowed
    from limbeck.pipeline.execute import check_folder, execute, open_bench
    from limbeck.pipeline.finish import report_run, run_lines
    from limbeck.pipeline.notify import to_stderr

    notify = to_stderr()
    out, root = Path(out), cache_folder()
    check_folder(out)
    check_numbers(
        method=method,
        steps=steps,
        batch_size=batch_size,
        learning_rate=learning_rate,
        optimizer=optimizer,
        workers=workers,
    )
    make_student(student)  # a wrong name is said before anything is read
    check_allowed(allow)
    first = draft(
        data, teacher=teacher, student=student, draws=draws, seed=seed, max_bad=max_bad, cache_dtype=cache_dtype
    )
    bench = open_bench(first, cache=root, notify=notify)
    counts = {kind: len(rows) for kind, rows in bench.rows.train.items()}
    recipe = fill(
        first, counts, method=method, steps=steps, batch_size=batch_size, learning_rate=learning_rate,
        optimizer=optimizer, aligned=bench.models is None or bench.models.aligned,
    )  # fmt: skip
    findings = check_before(recipe, bench, out=out, notify=notify, allow=allow)
    examine = partial(check_taught, bench=bench, findings=findings, notify=notify, allow=allow)
    finish = partial(report_run, findings=findings)
    done = execute(
        recipe, out, cache=root, bench=bench, workers=workers, notify=notify, examine=examine, finishers=(finish,)
    )
    print("\n".join(run_lines(done)))
    return done


def check_numbers(
    *, method: str, steps: int, batch_size: int, learning_rate: float, optimizer: str = OPTIMIZER, workers: int = 0
) -> None:
    """Refuse what can be known to be wrong without looking at the data.

    Raises:
        UsageError: naming what is valid.
    """
    from limbeck.core.discovery import methods
    from limbeck.core.errors import UsageError, unknown
    from limbeck.core.recipe import Optimisation

    known = methods()
    if method not in known:
        raise UsageError(unknown("method", method, known))
    if batch_size < 2 or steps < 0:
        raise UsageError(f"batch-size is at least 2 and steps at least 0; got {batch_size} and {steps}")
    if not 0 < learning_rate < float("inf"):
        raise UsageError(f"learning-rate is a positive number, such as 0.001; got {learning_rate}")
    Optimisation(optimizer=optimizer)  # says which there are
    if workers < 0:
        raise UsageError(f"workers is a number of processes, 0 for none; got {workers}")


def draft(
    data: str, *, teacher: str, student: str, draws: int, seed: int, max_bad: float, cache_dtype: str = "float32"
) -> Recipe:
    """The recipe before the data was counted.

    Raises:
        UsageError: a number out of its range.
    """
    from limbeck.core.recipe import DataSpec, Recipe
    from limbeck.data.augmentation.random_affine import RandomAffine
    from limbeck.evaluation.retrieval import RetrievalEvaluator

    augmentations = (RandomAffine(),) if draws else ()
    place = Path(data)  # `./pairs.csv` and `pairs.csv` are one recipe
    path = str(place if place.expanduser().exists() else data)
    spec = DataSpec(path, draws=draws, augmentations=augmentations, max_bad=max_bad, cache_dtype=cache_dtype)
    return Recipe("distill", spec, student, (), teacher=teacher, evaluators=(RetrievalEvaluator(),), seed=seed)


def fill(
    recipe: Recipe,
    counts: dict[str, int],
    *,
    method: str,
    steps: int,
    batch_size: int,
    learning_rate: float,
    aligned: bool,
    optimizer: str = OPTIMIZER,
) -> Recipe:
    """The recipe with its stages, sized by the data."""
    from dataclasses import replace

    from limbeck.core.discovery import methods
    from limbeck.core.errors import DataError
    from limbeck.recipes.distillation import alignment, batch_of, student_stage

    check_numbers(method=method, steps=steps, batch_size=batch_size, learning_rate=learning_rate, optimizer=optimizer)
    known = methods()
    pairs = counts.get("image+text", 0)
    if not pairs:
        raise DataError(f"no training row has image and text together (found: {counts}); pairs are needed")
    batch = batch_of(counts, min(batch_size, pairs))
    if not known[method]().needs_teacher():
        batch = {"image+text": batch["image+text"]}
    length = steps or max(500, 30 * pairs // batch["image+text"])
    stage = student_stage(known[method](), steps=length, batch=batch, learning_rate=learning_rate, optimizer=optimizer)
    align = None if aligned else alignment(steps=max(200, 40 * pairs // 512), batch=min(512, pairs))
    return replace(recipe, stages=(stage,), align=align, parts=known[method]().parts)

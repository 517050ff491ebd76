"""`limbeck compare`: which of these methods helps on your data, and can you tell?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from limbeck.verbs.distill import OPTIMIZER, RATE, STUDENT
from limbeck.verbs.kept import kept_in_cache

if TYPE_CHECKING:
    from limbeck.compare.contest import Outcome
    from limbeck.core.recipe import Recipe
    from limbeck.pipeline.execute import Bench
    from limbeck.pipeline.teach import Taught

BASELINES = ("no_teacher", "feature_matching")
INHERITED = "inherited_weights"


@kept_in_cache
def compare(
    data: Annotated[str, "CSV, JSONL, Parquet, image folder, tar shards, or the built-in `icons`"],
    *,
    teacher: Annotated[str, "hf:FOLDER-OR-NAME, st:..., open_clip:..., timm:..., hf:IMAGE+hf:TEXT, a preset"],
    methods: Annotated[str, "methods, separated by commas; see `limbeck list method`"],
    out: Annotated[Path | str, "folder for the comparison; what is finished in it is reused"] = Path("comparison"),
    student: Annotated[str, "preset (resnet-s, vit-s, ...) or hf:CONFIG"] = STUDENT,
    seeds: Annotated[int, "runs of every arm, under seeds 0, 1, ..."] = 5,
    budget: Annotated[Literal["steps", "seconds"], "what every arm gets equally much of"] = "steps",
    steps: Annotated[int, "optimizer steps of a run; 0 takes 30 passes over the pairs, at least 500"] = 0,
    seconds: Annotated[
        float, "of training steps in a run, with --budget seconds; 0 takes what the cheapest arm needs for --steps"
    ] = 0.0,
    tune: Annotated[int, "validation trials of every arm, baselines included; 0 takes the settings as they are"] = 0,
    jobs: Annotated[int, "processes; any number gives the same results; 0 takes what the cores allow, at most 4"] = 0,
    threads: Annotated[int, "torch threads of each process; 0 takes a quarter of the cores"] = 0,
    batch_size: Annotated[int, "pairs in a batch"] = 256,
    learning_rate: Annotated[float, "peak learning rate"] = RATE,
    optimizer: Annotated[str, "of every arm: adamw, or muon (with AdamW for what is no matrix)"] = OPTIMIZER,
    draws: Annotated[int, "augmented draws kept for each row; 0 trains without augmentation"] = 4,
    max_bad: Annotated[float, "largest share of unreadable rows (0.01 or 1%)"] = 0.01,
    cache: Annotated[Path | str | None, "folder for caches; default: LIMBECK_CACHE or ~/.cache/limbeck"] = None,
    allow: Annotated[tuple[str, ...], "train although this check found an error: --allow 'teacher at chance'"] = (),
) -> Outcome:
    """Compare methods on your data: paired seeds, equal budgets, honest baselines, intervals.

    No teacher and plain feature matching are always among the arms. Arms of one seed share the teacher's outputs,
    initial weights, data order and augmentation draws. Where a method costs more than 10 % more a step than the
    cheapest arm, it is run again for equal seconds (or steps), and both results are given; the others have equal steps
    under both budgets. The test split is read once, after everything is trained. A comparison that was killed goes on
    when the same command is typed again.

    Args:
        data: table, image folder, shards, or a built-in name.
        teacher: what is distilled.
        methods: names, separated by commas.
        out: folder of the comparison.
        student: what is trained.
        seeds: number of seeds.
        budget: what is equal first.
        steps: optimizer steps.
        seconds: of training steps; 0 with `budget="seconds"` is what the cheapest arm needs for its steps.
        tune: validation trials an arm: learning rate and weights, each times a factor between 1/4 and 4.
        jobs: processes.
        threads: of each process.
        batch_size: pairs in a batch.
        learning_rate: peak.
        optimizer: of every arm.
        draws: stored augmentation draws.
        max_bad: share of unreadable rows above which nothing is trained.
        cache: root of all caches.
        allow: checks whose errors are waved through.

    Returns:
        Runs of every arm, rates, settings and both budgets.

    Raises:
        UsageError: a wrong name, number or combination.
        DataError: data that cannot be used.
        ArtefactError: `out` holds something else, or a file is corrupt.
        ResourceError: disk or memory.
    """
    from limbeck.compare.contest import Rules, check_place, contest
    from limbeck.compare.crew import fixed_threads
    from limbeck.compare.outputs import write_outputs
    from limbeck.core.errors import UsageError
    from limbeck.data.places import cache_folder
    from limbeck.encoders.student import make_student
    from limbeck.pipeline.checks.before import check_before, check_taught
    from limbeck.pipeline.checks.finding import check_allowed
    from limbeck.pipeline.checks.record import read_checks, write_checks
    from limbeck.pipeline.execute import open_bench
    from limbeck.pipeline.notify import to_stderr
    from limbeck.verbs.distill import check_numbers, draft

    if min(seeds, 1) < 1 or min(jobs, threads, tune, 0) < 0:
        raise UsageError(
            f"seeds is at least 1, jobs, threads and tune at least 0; got {seeds}, {jobs}, {threads}, {tune}"
        )
    names = arm_names(methods)
    for name in names:
        check_numbers(method=name, steps=steps, batch_size=batch_size, learning_rate=learning_rate, optimizer=optimizer)
    rules = Rules(tuple(range(seeds)), budget, seconds, tune, threads or default_threads())
    out = Path(out)
    begun = check_place(out, rules)
    notify = to_stderr()
    with fixed_threads(rules.threads):
        make_student(student)  # a wrong name is said before anything is read
        check_allowed(allow)
        first = draft(data, teacher=teacher, student=student, draws=draws, seed=0, max_bad=max_bad)
        bench = open_bench(first, cache=cache_folder(), notify=notify)
        arms = make_arms(
            first, bench, names, steps=steps, batch_size=batch_size, learning_rate=learning_rate, optimizer=optimizer
        )
        if obstacle := cannot_inherit(arms["no_teacher"], bench):
            left_out = {INHERITED: obstacle}
            notify(f"the baseline '{INHERITED}' is left out: {obstacle}")
        else:
            left_out, arms = {}, with_inherited(arms)
        if not begun:  # what goes on was examined when it began
            write_checks(out, check_before(arms[names[-1]], bench, out=out, notify=notify, allow=allow))

    def examine(taught: Taught) -> None:
        found = read_checks(out)
        check_taught(taught, bench, found, notify=notify, allow=allow)
        write_checks(out, list(dict.fromkeys(found)))  # it may have been killed between this and its first run

    jobs = jobs or default_jobs(rules.threads)
    outcome = contest(arms, bench, rules, out=out, jobs=jobs, notify=notify, examine=examine)
    title = f"Which method helps? {student} from {teacher} on {data}"
    print("\n".join(write_outputs(outcome, bench, out=out, title=title, left_out=left_out)))
    return outcome


def arm_names(methods: str) -> list[str]:
    """The humbling baselines, then the methods that were asked for, each once.

    Raises:
        UsageError: no method, or one that does not exist (with the nearest that does).
    """
    from limbeck.core.discovery import methods as discovered
    from limbeck.core.errors import UsageError, unknown

    known = discovered()
    asked = [name.strip() for name in methods.split(",") if name.strip()]
    if not asked:
        raise UsageError(f"methods are names, separated by commas; valid: {', '.join(known)}")
    for name in asked:
        if name not in known:
            raise UsageError(unknown("method", name, known))
    return list(dict.fromkeys((*BASELINES, *asked)))


def make_arms(
    first: Recipe,
    bench: Bench,
    names: list[str],
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    optimizer: str = OPTIMIZER,
) -> dict[str, Recipe]:
    """One recipe a method, alike in everything but the terms."""
    from dataclasses import replace

    from limbeck.encoders.student import make_student
    from limbeck.pipeline.checks.before import check_stages, shared_width
    from limbeck.verbs.distill import fill

    counts = {kind: len(rows) for kind, rows in bench.rows.train.items()}
    aligned = bench.models is None or bench.models.aligned
    arms = {}
    for name in names:
        recipe = fill(
            replace(first, name=name), counts, method=name, steps=steps, batch_size=batch_size,
            learning_rate=learning_rate, optimizer=optimizer, aligned=aligned,
        )  # fmt: skip
        check_stages(recipe, make_student(recipe.student, width=shared_width(recipe, bench.models)), bench.models)
        arms[name] = recipe
    return arms


def with_inherited(arms: dict[str, Recipe]) -> dict[str, Recipe]:
    """The arms with the third humbling baseline: no teacher in training, but its weights to start from."""
    from dataclasses import replace

    from limbeck.surgery.inherit_weights import InheritWeightsSurgery

    plain = arms["no_teacher"]
    return {"no_teacher": plain, INHERITED: replace(plain, name=INHERITED, surgeries=(InheritWeightsSurgery(),))} | arms


def cannot_inherit(plain: Recipe, bench: Bench) -> str:
    """Why no tower of the student can start from the teacher's weights; empty where one can."""
    from limbeck.encoders.student import make_student
    from limbeck.pipeline.checks.before import shared_width
    from limbeck.surgery.inherit_weights import InheritWeightsSurgery

    if bench.models is None:
        return "there is no teacher"
    student = make_student(plain.student, width=shared_width(plain, bench.models))
    reasons = InheritWeightsSurgery().obstacles(student.encoders, teachers=bench.models.encoders)
    if not all(reasons.values()):
        return ""
    return "; ".join(f"{modality}: {reason}" for modality, reason in reasons.items())


def default_threads() -> int:
    """A quarter of the cores, at least one: whatever the number of jobs, so that it decides no bits."""
    import os

    return max(1, (os.cpu_count() or 1) // 4)


def default_jobs(threads: int) -> int:
    """As many processes as the cores hold, at most four."""
    import os

    return max(1, min(4, (os.cpu_count() or 1) // threads))

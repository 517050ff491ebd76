"""`compare_arms`: several recipes, the same seeds, one table of paired differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from limbeck.compare.stopwatch import Stopwatch
from limbeck.core.artefact import read_manifest
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.core.evaluator import Metric
from limbeck.core.recipe import Recipe
from limbeck.evaluation.intervals import Difference, seeded_difference
from limbeck.pipeline.differences import differences
from limbeck.pipeline.execute import Bench, Run, execute, finished, prepare_teacher
from limbeck.pipeline.measure import Measured
from limbeck.pipeline.notify import Notify, silent
from limbeck.pipeline.teach import Taught
from limbeck.pipeline.train import identity_of


@dataclass(frozen=True)
class Comparison:
    """Finished runs of several arms.

    Args:
        runs: arm -> one run a seed, in the order of `seeds`.
        teachers: one a seed.
        seeds: that every arm was run under.
        taught: the teacher of the first seed, ready to answer live.
    """

    runs: Mapping[str, Sequence[Run]]
    teachers: Sequence[Measured]
    seeds: Sequence[int]
    taught: Taught

    def measured(self, arm: str) -> list[Measured]:
        """Test metrics of one arm, one a seed; `teacher` is an arm as well."""
        return list(self.teachers) if arm == "teacher" else [run.student for run in self.runs[arm]]

    def mean(self, arm: str, metric: str) -> Metric:
        """One metric of one arm, averaged over seeds; its interval is over items and, with several seeds, over them."""
        found = [measured.get(metric) for measured in self.measured(arm)]
        if len(found) == 1:
            return found[0]
        nothing = [np.zeros_like(one.items) for one in found]
        interval = seeded_difference([one.items for one in found], nothing)
        return replace(
            found[0],
            value=interval.value,
            low=max(0.0, interval.low),
            high=min(1.0, interval.high),
            items=np.mean([one.items for one in found], axis=0),
        )

    def difference(self, first: str, second: str, metric: str) -> Difference:
        """First minus second, paired by item and by seed."""
        one, two = ([measured.get(metric).items for measured in self.measured(arm)] for arm in (first, second))
        return seeded_difference(one, two)

    def metrics(self) -> list[str]:
        """Names, in the order of the evaluators."""
        return [metric.name for metric in self.measured(next(iter(self.runs)))[0].metrics]


def compare_arms(
    arms: Mapping[str, Recipe],
    bench: Bench,
    *,
    seeds: Sequence[int],
    out: Path,
    notify: Notify = silent,
    finishers: Sequence[Callable[[Run], object]] = (),
    watch: Stopwatch | None = None,
) -> Comparison:
    """Run every arm under every seed; arms of one seed share the teacher, initial weights, data order and draws.

    A finished run in `out` is reused after its every byte was verified, and an interrupted one goes on: the same call
    finishes what an earlier one began.

    Args:
        arms: name -> recipe; the seed of each is replaced. At least one of them has the teacher.
        bench: data and teacher.
        seeds: of the comparison, each once.
        out: gets one folder an arm and seed.
        notify: takes one line a fact.
        finishers: see `execute`.
        watch: gets the wall seconds of teacher and arms, and the names of what was there before.

    Raises:
        UsageError: no seeds, a seed twice, or no arm with a teacher.
        ArtefactError: a run in `out` is corrupt, or was made with other data, another teacher or another recipe.
    """
    if not seeds or len(set(seeds)) < len(seeds):
        raise UsageError(f"a comparison needs seeds, each once; got {list(seeds)}")
    with_teacher = next((arm for arm, recipe in arms.items() if recipe.teacher is not None), None)
    if with_teacher is None:
        raise UsageError(f"none of the arms {', '.join(arms)} has a teacher; at least one needs it")
    runs: dict[str, list[Run]] = {arm: [] for arm in arms}
    teachers: list[Measured] = []
    first: Taught | None = None
    watch = watch or Stopwatch()
    for seed in seeds:
        folder = out / f"teacher-seed-{seed}"
        if folder.exists():
            watch.found.append(f"alignment (seed {seed})")
        taught = prepare_teacher(replace(arms[with_teacher], seed=seed), bench, folder=folder, notify=notify)
        if first is None and taught is not None and not any(report.computed for report in taught.reports):
            watch.found.append("the teacher's outputs")
        first = first or taught
        watch.lap("caches and alignment")
        for arm, recipe in arms.items():
            own = replace(recipe, seed=seed)
            folder = out / f"{arm.replace(' ', '-')}-seed-{seed}"
            teacher = taught if own.teacher is not None else None
            if folder.exists():
                watch.found.append(f"{arm} (seed {seed})")
            run = _reused(own, folder, bench, teacher)
            if run is not None:
                notify(f"{arm}, seed {seed}: finished run reused from {folder}")
            else:
                notify(f"{arm}, seed {seed}: training")
                run = execute(
                    own, folder, cache=bench.cache, bench=bench, taught=teacher, notify=notify, finishers=finishers
                )
            runs[arm].append(run)
            watch.lap(arm)
        measured = runs[with_teacher][-1].teacher
        assert measured is not None
        teachers.append(measured)
    assert first is not None
    return Comparison(runs, teachers, tuple(seeds), first)


def _reused(recipe: Recipe, folder: Path, bench: Bench, taught: Taught | None) -> Run | None:
    """The finished run of this recipe, data and teacher; None where there is none yet.

    Raises:
        ArtefactError: it is corrupt, or was made from something else.
    """
    run = finished(recipe, folder)
    if run is None:
        return None
    made_from, expected = read_manifest(folder).source, identity_of(recipe, bench.source, taught)
    if made_from != expected:
        raise ArtefactError(
            f"{folder} holds a finished run with another past ({differences(made_from, expected)}); choose another "
            "--out or delete it"
        )
    return run


def check_arms(arms: Mapping[str, Recipe]) -> None:
    """Whether these can be compared.

    Raises:
        UsageError: fewer than two, none with a teacher, or two that would share a folder.
    """
    if len(arms) < 2:
        raise UsageError(f"a comparison needs two arms at least; got {', '.join(arms) or 'none'}")
    if all(recipe.teacher is None for recipe in arms.values()):
        raise UsageError(f"none of the arms {', '.join(arms)} has a teacher; at least one needs it")
    if len({slug(name) for name in arms}) < len(arms):
        raise UsageError(f"arms {', '.join(arms)} would share a folder; give them other names")


def slug(name: str) -> str:
    """The name of an arm in names of folders."""
    return name.replace(" ", "-")

"""`compare_arms`: several recipes, the same seeds, one table of paired differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from limbeck.core.artefact import MANIFEST
from limbeck.core.evaluator import Metric
from limbeck.core.recipe import Recipe
from limbeck.evaluation.intervals import Difference, seeded_difference
from limbeck.pipeline.execute import Bench, Run, execute, finished, prepare_teacher
from limbeck.pipeline.measure import Measured
from limbeck.pipeline.notify import Notify, silent
from limbeck.pipeline.teach import Taught


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
        """One metric of one arm, averaged over seeds; the interval is over items and, with several seeds, over seeds."""
        found = [measured.get(metric) for measured in self.measured(arm)]
        if len(found) == 1:
            return found[0]
        nothing = [np.zeros_like(one.items) for one in found]
        interval = seeded_difference([one.items for one in found], nothing)
        return replace(
            found[0], value=interval.value, low=max(0.0, interval.low), high=min(1.0, interval.high),
            items=np.mean([one.items for one in found], axis=0),
        )  # fmt: skip

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
) -> Comparison:
    """Run every arm under every seed; arms of one seed share the teacher, initial weights, data order and draws.

    A finished run in `out` is reused after its every byte was verified, so that an interrupted comparison goes on with
    what is missing.

    Args:
        arms: name -> recipe; the seed of each is replaced. At least one of them has the teacher.
        bench: data and teacher.
        seeds: of the comparison.
        out: gets one folder an arm and seed.
        notify: takes one line a fact.
        finishers: see `execute`.
    """
    runs: dict[str, list[Run]] = {arm: [] for arm in arms}
    teachers: list[Measured] = []
    first: Taught | None = None
    with_teacher = next(arm for arm, recipe in arms.items() if recipe.teacher is not None)
    for seed in seeds:
        taught = prepare_teacher(
            replace(arms[with_teacher], seed=seed), bench, folder=out / f"teacher-seed-{seed}", notify=notify
        )
        first = first or taught
        for arm, recipe in arms.items():
            own = replace(recipe, seed=seed)
            folder = out / f"{arm.replace(' ', '-')}-seed-{seed}"
            run = finished(own, folder) if (folder / MANIFEST).exists() else None
            if run is not None:
                notify(f"{arm}, seed {seed}: finished run reused from {folder}")
            else:
                notify(f"{arm}, seed {seed}: training")
                run = execute(
                    own,
                    folder,
                    cache=bench.cache,
                    bench=bench,
                    taught=taught if own.teacher is not None else None,
                    notify=notify,
                    finishers=finishers,
                )
            runs[arm].append(run)
        measured = runs[with_teacher][-1].teacher
        assert measured is not None
        teachers.append(measured)
    assert first is not None
    return Comparison(runs, teachers, tuple(seeds), first)

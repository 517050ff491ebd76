"""`trial`: train and measure in memory; nothing of it stays."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from limbeck.core.encoder import Encoder
from limbeck.core.part import Part
from limbeck.core.recipe import Recipe
from limbeck.core.source import Source
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.pipeline.execute import Bench
from limbeck.pipeline.measure import Measured, measure
from limbeck.pipeline.notify import Notify, silent
from limbeck.pipeline.rows import Rows
from limbeck.pipeline.teach import Taught
from limbeck.pipeline.train import train
from limbeck.stages.result import FitResult


@dataclass(frozen=True)
class Trial:
    """One training run in memory.

    Args:
        recipe: as it was run.
        encoders: modality -> what evaluation reads: towers, or what the recipe's `answers` say.
        parts: the recipe's layers as trained.
        source: the rows.
        rows: which trained, validate and test.
        taught: the teacher, or None.
        student: metrics on the asked split.
        fits: stage name -> what the loop reported.
        seconds: of training, validation included.
    """

    recipe: Recipe
    encoders: Mapping[str, Encoder]
    parts: Mapping[str, Part]
    source: Source
    rows: Rows
    taught: Taught | None
    student: Measured
    fits: Mapping[str, FitResult]
    seconds: float

    @property
    def steps(self) -> int:
        """Optimizer steps of all stages."""
        return sum(fit.steps for fit in self.fits.values())


def trial(
    recipe: Recipe,
    bench: Bench,
    taught: Taught | None = None,
    *,
    seed: int | None = None,
    split: str = "test",
    notify: Notify = silent,
) -> Trial:
    """Train a recipe and measure its student, without checkpoints, model folder or report.

    Use when many short runs are compared. The weights are those of `execute` with the same recipe, bench and seed.

    Args:
        recipe: resolved.
        bench: data and teacher.
        taught: the prepared teacher (`prepare_teacher`); None for a recipe without one.
        seed: instead of the recipe's.
        split: `test` or `validation`.
        notify: takes one line a fact.
    """
    own = recipe if seed is None else replace(recipe, seed=seed)
    started = time.perf_counter()
    done = train(own, bench.source, bench.rows, taught, folder=None, store=bench.store, notify=notify)
    seconds = time.perf_counter() - started
    rows = bench.rows.test if split == "test" else bench.rows.validation
    found = measure(done.models, bench.source, rows, own.evaluators or (RetrievalEvaluator(),), store=bench.store)
    return Trial(own, done.models, done.parts, bench.source, bench.rows, taught, found, done.fits, seconds)

"""`ClaimLab`: light runs for claims; data and teachers are opened once a process and cached for all."""

from __future__ import annotations

import contextlib
import fcntl
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from limbeck.core.artefact import sha256_json
from limbeck.core.describe import describe
from limbeck.core.encoder import Encoder
from limbeck.core.recipe import Recipe
from limbeck.core.source import Source
from limbeck.data.loader import EvalLoader
from limbeck.evaluation.embeddings import Embeddings, embed
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.pipeline.execute import Bench, open_bench, prepare_teacher
from limbeck.pipeline.measure import Measured, measure
from limbeck.pipeline.notify import Notify, silent
from limbeck.pipeline.rows import Rows
from limbeck.pipeline.teach import Taught
from limbeck.pipeline.train import train
from limbeck.pipeline.views import view_of


@dataclass(frozen=True)
class Trial:
    """A short run of a recipe.

    Args:
        recipe: as it was run.
        encoders: modality -> the student's encoder, in eval mode.
        source: the rows.
        rows: which train, validate and test.
        taught: the teacher, or None.
        student: metrics on the rows that were asked for.
        seconds: of training.
        steps: of all stages.
    """

    recipe: Recipe
    encoders: Mapping[str, Encoder]
    source: Source
    rows: Rows
    taught: Taught | None
    student: Measured
    seconds: float
    steps: int


class ClaimLab:
    """What measures claims: `core.study.Lab` for studies, and the same for the arms that are recipes.

    Args:
        cache: root of all caches.
        notify: takes one line a fact.
        validation: measure on validation rows and leave the test split unread.
    """

    def __init__(self, cache: Path, *, notify: Notify = silent, validation: bool = False) -> None:
        self.cache, self.notify, self.validation = cache, notify, validation
        self._benches: dict[str, Bench] = {}
        self._taught: dict[str, Taught | None] = {}

    def bench(self, recipe: Recipe) -> Bench:
        """Data and teacher of a recipe, opened once."""
        key = sha256_json(describe([recipe.data, recipe.teacher]))
        if key not in self._benches:
            self._benches[key] = open_bench(recipe, cache=self.cache, notify=self.notify)
        return self._benches[key]

    def taught(self, recipe: Recipe) -> Taught | None:
        """The recipe's teacher under its seed; projectors are trained by one process and read by the others."""
        if recipe.teacher is None:
            return None
        key = sha256_json(describe([recipe.data, recipe.teacher, recipe.align, recipe.seed]))
        if key not in self._taught:
            bench = self.bench(recipe)
            folder = self.cache / "claims" / "teachers" / f"{key[:16]}-{bench.source.fingerprint()[:16]}"
            with _locked(folder):
                self._taught[key] = prepare_teacher(recipe, bench, folder=folder, notify=self.notify)
        return self._taught[key]

    def trial(self, recipe: Recipe, *, seed: int) -> Trial:
        """Train a recipe under a seed and measure it; nothing stays on the disk."""
        own = replace(recipe, seed=seed)
        bench, taught = self.bench(own), self.taught(own)
        with tempfile.TemporaryDirectory(prefix="limbeck-trial-") as folder:
            started = time.perf_counter()
            done = train(
                own, bench.source, bench.rows, taught, folder=Path(folder), store=bench.store, notify=self.notify
            )
            seconds = time.perf_counter() - started
        rows = bench.rows.validation if self.validation else bench.rows.test
        found = measure(done.student.encoders, bench.source, rows, own.evaluators or (RetrievalEvaluator(),))
        steps = sum(fit.steps for fit in done.fits.values())
        return Trial(own, done.student.encoders, bench.source, bench.rows, taught, found, seconds, steps)

    def embed(self, encoders: Mapping[str, Encoder], trial: Any, split: str) -> Embeddings:
        """Vectors of the complete rows of a split, unaugmented, in row order.

        Args:
            encoders: modality -> encoder.
            trial: or bench: anything with `source` and `rows`.
            split: `train`, `validation` or `test`.
        """
        rows: Rows = trial.rows
        if split == "train":
            chosen = [row for kind, own in rows.train.items() if set(kind.split("+")) >= set(encoders) for row in own]
        else:
            chosen = list(getattr(rows, "validation" if self.validation and split == "test" else split))
        views = {modality: view_of(encoder) for modality, encoder in encoders.items()}
        return embed(encoders, EvalLoader(trial.source, indices=sorted(chosen), views=views, batch_size=256))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process at a time; the lock goes with the process that holds it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(f"{folder.name}.lock"), "w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield

"""`ClaimLab`: light runs for claims; data and teachers are opened once a process and cached for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from limbeck.compare.desk import extra_outputs
from limbeck.core.artefact import sha256_json
from limbeck.core.describe import describe
from limbeck.core.encoder import Encoder
from limbeck.core.recipe import Recipe
from limbeck.data.alone import alone
from limbeck.data.loader import EvalLoader
from limbeck.encoders.teacher_models import TeacherModels
from limbeck.evaluation.embeddings import Embeddings, embed
from limbeck.pipeline.execute import Bench, open_bench, open_named, prepare_teacher
from limbeck.pipeline.notify import Notify, silent
from limbeck.pipeline.rows import Rows
from limbeck.pipeline.steady import steady
from limbeck.pipeline.teach import Taught
from limbeck.pipeline.trial import Trial, trial
from limbeck.pipeline.views import view_of


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
        self._models: dict[str, TeacherModels] = {}
        self._taught: dict[str, Taught | None] = {}

    def bench(self, recipe: Recipe) -> Bench:
        """Data and teacher of a recipe, each opened once."""
        key = sha256_json(describe(recipe.data))
        if key not in self._benches:
            bare = replace(recipe, teacher=None, teachers={})
            self._benches[key] = open_bench(bare, cache=self.cache, notify=self.notify)
        if recipe.teacher is None:
            return self._benches[key]
        if recipe.teacher not in self._models:
            self._models[recipe.teacher] = open_named(recipe.teacher, cache=self.cache, notify=self.notify)
        return replace(self._benches[key], models=self._models[recipe.teacher])

    def taught(self, recipe: Recipe) -> Taught | None:
        """The recipe's teachers under its seed; projectors are trained by one process and read by the others."""
        if recipe.teacher is None and not recipe.teachers:
            return None
        parts = [recipe.data, recipe.teacher, recipe.teachers, recipe.align, recipe.seed]
        key = sha256_json([describe(parts), extra_outputs(recipe)])
        if key not in self._taught:
            bench = self.bench(recipe)
            folder = self.cache / "claims" / "teachers" / f"{key[:16]}-{bench.source.fingerprint()[:16]}"
            folder.mkdir(parents=True, exist_ok=True)
            with alone(folder, lambda: self.notify("another process prepares this teacher; waiting")):
                self._taught[key] = prepare_teacher(recipe, bench, folder=folder, notify=self.notify)
        return self._taught[key]

    def trial(self, recipe: Recipe, *, seed: int) -> Trial:
        """Train a recipe under a seed, in fp32 where it says `auto`, and measure it; nothing stays on the disk."""
        own = replace(steady(recipe), seed=seed)
        split = "validation" if self.validation else "test"
        return trial(own, self.bench(own), self.taught(own), split=split, notify=self.notify)

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

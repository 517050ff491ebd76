"""Experiments made small: the same recipes and studies on a few icons or digits, two steps a stage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from unittest import mock

from limbeck.claims.lab import ClaimLab
from limbeck.core.discovery import recipes
from limbeck.core.recipe import Recipe, StageSpec
from limbeck.pipeline import apprentice
from limbeck.pipeline.execute import Bench
from limbeck.pipeline.trial import Trial
from pipeline import worlds


@cache
def icons() -> str:
    """40 real icons, some without a caption, some captions without an icon."""
    items = [dict(item) for item in worlds.icons()]
    training = [item for item in items if item["split"] == "train"]
    for item in training[:6]:
        item["image"] = ""
    for item in training[6:12]:
        item["text"] = ""
    return str(worlds.as_csv(worlds.root() / "recipes", items))


def small(recipe: Recipe) -> Recipe:
    """The same experiment on little data, two steps a stage."""
    data = recipe.data
    if not data.path.startswith("digits"):  # these are small, and what learns classes needs them
        data = replace(data, path=icons(), draws=1 if data.augmentations else 0)
    align = recipe.align and replace(recipe.align, stage=_two_steps(recipe.align.stage))
    return replace(recipe, data=data, align=align, stages=tuple(map(_two_steps, recipe.stages)))


def _two_steps(stage: StageSpec) -> StageSpec:
    rows = {kind: min(rows, 4) for kind, rows in stage.budget.batch.items()}
    return replace(stage, budget=replace(stage.budget, steps=2, batch=rows, evaluate_every=0, save_every=0))


@contextmanager
def small_teachers() -> Iterator[None]:
    """Teachers that a recipe trains first are as small as the recipe."""
    known = recipes()
    smaller = {name: (lambda make=make: small(make())) for name, make in known.items()}
    with mock.patch.object(apprentice, "recipes", return_value=smaller):
        yield


class SmallLab(ClaimLab):
    """What a study uses, with every recipe made small."""

    def bench(self, recipe: Recipe) -> Bench:
        return super().bench(small(recipe))

    def trial(self, recipe: Recipe, *, seed: int) -> Trial:
        return super().trial(small(recipe), seed=seed)

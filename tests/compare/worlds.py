"""Two arms under two seeds on 40 real icons: the smallest comparison that still aligns, caches, trains and measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from limbeck.compare.arms import Comparison, compare_arms
from limbeck.core.recipe import Budget, DataSpec, Optimisation, Recipe, StageSpec
from limbeck.data.augmentation.random_affine import RandomAffine
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.pipeline.execute import Bench, open_bench
from limbeck.recipes.bases import feature_matching, no_teacher
from limbeck.recipes.distillation import alignment
from pipeline import worlds

SEEDS = (0, 1)


def recipe(name: str, *, steps: int = 3) -> Recipe:
    """`no teacher`, or the student by feature matching; two unimodal teachers are aligned first."""
    method = no_teacher() if name == "no teacher" else feature_matching()
    budget = Budget(steps, batch={"image+text": 8}, evaluate_every=steps)
    stage = StageSpec("student", method.terms, method.trains(), budget, Optimisation(ema=0.9, precision="fp32"))
    data = DataSpec(worlds.data(), draws=1, augmentations=(RandomAffine(),))
    student = f"hf:{worlds.model('clip')}"
    made = Recipe(name.replace(" ", "_"), data, student, (stage,), evaluators=(RetrievalEvaluator(),))
    if name == "no teacher":
        return made
    teacher = f"hf:{worlds.model('vit')}+hf:{worlds.model('bert')}"
    return replace(made, teacher=teacher, align=replace(alignment(steps=4, batch=16), hidden=16, width=12))


def arms(*, steps: int = 3) -> Mapping[str, Recipe]:
    """In the order of the demo."""
    return {name: recipe(name, steps=steps) for name in ("no teacher", "distilled")}


@cache
def bench() -> Bench:
    """Data and teacher of both arms."""
    return open_bench(recipe("distilled"), cache=worlds.cache_folder())


@cache
def compared() -> Comparison:
    """A finished comparison; do not change its folder."""
    return compare_arms(arms(), bench(), seeds=SEEDS, out=folder())


def folder() -> Path:
    """Where the finished comparison is."""
    return worlds.root() / "compared"

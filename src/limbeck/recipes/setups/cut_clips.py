"""A CLIP of its teacher's size that is cut on the way, in two stages: what masks and several cuts are measured on."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Budget, Claim, Method, Recipe, StageSpec
from limbeck.core.surgery import Surgery
from limbeck.recipes.setups.emoji_pairs import pair_stage, pairs_only
from limbeck.recipes.setups.small_clips import INHERIT, affinities, taught_clip
from limbeck.surgery.cut_units import CutUnitsSurgery
from limbeck.surgery.selection.uniform import UniformSelection

HALF, QUARTER = (CutUnitsSurgery(share, selection=UniformSelection()) for share in (0.5, 0.25))
SETUP = (
    "emoji of four vendors with names and tags, 32 px; teacher vit-xm (4 + 4 layers of width 128), 900 steps; student "
    "the teacher itself, cut to {share} of its heads, channels and neurons, two stages of 100 steps of 96 pairs"
)


def cut_clip(name: str, *surgeries: tuple[Surgery, ...], learning_rate: float, method: Method | None = None) -> Recipe:
    """A student of the teacher's size with its weights; surgeries before each of two stages of equal length.

    Args:
        name: of the recipe.
        surgeries: before the first and the second stage.
        learning_rate: of both.
        method: what both stages learn by; None takes contrast and the teacher's affinities.
    """
    method = method or affinities()
    recipe = taught_clip(name, method, *INHERIT, student="vit-xm")
    stages = tuple(_stage(method, number, own, learning_rate) for number, own in enumerate(surgeries))
    return replace(recipe, stages=stages)


def untaught_cut_clip(name: str, cut: Surgery, *, learning_rate: float) -> Recipe:
    """The size that is left, from random weights and the pairs alone."""
    recipe = cut_clip(name, (cut,), (), learning_rate=learning_rate, method=pairs_only())
    return replace(recipe, teacher=None, surgeries=())


def cut_claim(claim: Claim, *, share: str, how: str) -> Claim:
    """A claim of the paper about students that are cut: what they are, and how its humbling arms are."""
    more = (
        f"; retrieval instead of zero-shot classification; the humbling arms: {how}; no teacher is the size that is "
        "left, from random weights, for all steps"
    )
    return replace(claim, setup=SETUP.format(share=share), differs=claim.differs + more)


def _stage(method: Method, number: int, surgeries: tuple[Surgery, ...], rate: float) -> StageSpec:
    stage = pair_stage(method, name=f"stage {number + 1}", steps=100, learning_rate=rate)
    return replace(stage, surgeries=surgeries, budget=Budget(100, batch={"image+text": 96}))

"""`steady`: a recipe that computes the same whatever else the machine is doing."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Recipe, StageSpec


def steady(recipe: Recipe) -> Recipe:
    """The recipe in fp32 wherever it leaves the precision to a measurement (`auto`).

    Use when runs are compared: each process measures for itself, and a busy machine may decide otherwise.
    """
    align = recipe.align and replace(recipe.align, stage=_fixed(recipe.align.stage))
    return replace(recipe, stages=tuple(map(_fixed, recipe.stages)), align=align)


def _fixed(stage: StageSpec) -> StageSpec:
    if stage.optimisation.precision != "auto":
        return stage
    return replace(stage, optimisation=replace(stage.optimisation, precision="fp32"))

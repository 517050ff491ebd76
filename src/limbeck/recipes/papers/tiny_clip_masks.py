"""TinyCLIP's learned masks and its progressive stages (Wu et al. 2023)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Budget, Method, Recipe, StageSpec
from limbeck.core.surgery import Surgery
from limbeck.core.term import Ref, Term
from limbeck.layers.gate.lagrange_multipliers import LagrangeMultipliers
from limbeck.objectives.regulariser.lagrangian_sparsity import LagrangianSparsityLoss
from limbeck.recipes.papers.tiny_clip import tiny_clip_claim
from limbeck.recipes.setups.emoji_pairs import pair_stage
from limbeck.recipes.setups.small_clips import INHERIT, affinities, taught_clip
from limbeck.surgery.cut_units import CutUnitsSurgery
from limbeck.surgery.gate_units import GateUnitsSurgery
from limbeck.surgery.selection.learned import LearnedSelection
from limbeck.surgery.selection.uniform import UniformSelection

UNIFORM = UniformSelection()


def tiny_clip_masks() -> Recipe:
    """Gates on the teacher's weights learn what stays; then that is cut out and distilled."""
    claim = tiny_clip_claim(
        "Masks that learn which weights are inherited beat evenly spaced ones.",
        "automatic inheritance, ViT-45M/32: 61.4 %; manual, ViT-40M/32: 59.8 % zero-shot ImageNet (LAION-400M)",
        {"evenly spaced": "tiny_clip_even"},
    )
    gates, cut = GateUnitsSurgery(), CutUnitsSurgery(0.5, selection=LearnedSelection())
    recipe = _progressive("tiny_clip_masks", (gates,), (cut,), learning_rate=1e-3)
    first = recipe.stages[0]
    sparse = _sparse(Method(first.terms))
    stage = replace(first, terms=sparse.terms, trains=sparse.trains())
    return replace(recipe, stages=(stage, *recipe.stages[1:]), parts=sparse.parts, claim=claim)


def tiny_clip_even() -> Recipe:
    """Evenly spaced units, cut at the same time: as many steps, and as many of them with the large network."""
    return _progressive("tiny_clip_even", (), (CutUnitsSurgery(0.5, selection=UNIFORM),), learning_rate=2e-3)


def tiny_clip_progressive() -> Recipe:
    """From four heads to two and then to one."""
    claim = tiny_clip_claim(
        "At extreme compression, several small cuts with distillation in between beat one large cut.",
        "progressive stages mitigate the loss of informative weights during extreme compression (no figure)",
        {"one cut": "tiny_clip_one_cut"},
    )
    half = CutUnitsSurgery(0.5, selection=UNIFORM)
    return replace(_progressive("tiny_clip_progressive", (half,), (half,), learning_rate=4e-3), claim=claim)


def tiny_clip_one_cut() -> Recipe:
    """From four heads to one at once, for all steps."""
    return _progressive("tiny_clip_one_cut", (CutUnitsSurgery(0.25, selection=UNIFORM),), (), learning_rate=4e-3)


def _progressive(name: str, *surgeries: tuple[Surgery, ...], learning_rate: float) -> Recipe:
    """Teacher-sized student with the teacher's weights; surgeries before each of two stages of equal length."""
    recipe = taught_clip(name, affinities(), *INHERIT, student="vit-xm")
    stages = tuple(_stage(number, own, learning_rate) for number, own in enumerate(surgeries))
    return replace(recipe, stages=stages)


def _stage(number: int, surgeries: tuple[Surgery, ...], rate: float) -> StageSpec:
    stage = pair_stage(affinities(), name=f"stage {number + 1}", steps=100, learning_rate=rate)
    return replace(stage, surgeries=surgeries, budget=Budget(100, batch={"image+text": 96}))


def _sparse(method: Method) -> Method:
    terms = dict(method.terms)
    prices = {"linear": Ref("prices", "linear"), "quadratic": Ref("prices", "quadratic")}
    for modality in ("image", "text"):
        inputs = {"density": Ref(f"student.{modality}", "density"), **prices}
        terms[f"{modality} density"] = Term(LagrangianSparsityLoss(0.4, weight=10.0), inputs)
    return Method(terms, {"prices": Part(LagrangeMultipliers())})

"""TinyCLIP's learned masks (Wu et al. 2023)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Method, Recipe
from limbeck.core.term import Ref, Term
from limbeck.layers.gate.lagrange_multipliers import LagrangeMultipliers
from limbeck.objectives.regulariser.lagrangian_sparsity import LagrangianSparsityLoss
from limbeck.recipes.bases import feature_matching
from limbeck.recipes.papers.tiny_clip import tiny_clip_claim
from limbeck.recipes.setups.cut_clips import HALF, cut_claim, cut_clip, untaught_cut_clip
from limbeck.recipes.setups.emoji_pairs import pairs_only
from limbeck.surgery.cut_units import CutUnitsSurgery
from limbeck.surgery.gate_units import GateUnitsSurgery
from limbeck.surgery.selection.learned import LearnedSelection


def tiny_clip_masks() -> Recipe:
    """Gates on the teacher's weights learn what stays; then that is cut out and distilled."""
    claim = tiny_clip_claim(
        "Masks that learn which weights are inherited beat evenly spaced ones.",
        "automatic inheritance, ViT-45M/32: 61.4 %; manual, ViT-40M/32: 59.8 % zero-shot ImageNet (LAION-400M)",
        {
            "evenly spaced": "tiny_clip_even",
            "no teacher": "tiny_clip_even_untaught",
            "feature matching": "tiny_clip_even_features",
            "inherited weights alone": "tiny_clip_even_weights",
        },
    )
    claim = cut_claim(claim, share="half", how="evenly spaced units, cut at the same time")
    gates, cut = GateUnitsSurgery(), CutUnitsSurgery(0.5, selection=LearnedSelection())
    recipe = cut_clip("tiny_clip_masks", (gates,), (cut,), learning_rate=1e-3)
    first = recipe.stages[0]
    sparse = _sparse(Method(first.terms))
    stage = replace(first, terms=sparse.terms, trains=sparse.trains())
    return replace(recipe, stages=(stage, *recipe.stages[1:]), parts=sparse.parts, claim=claim)


def tiny_clip_even() -> Recipe:
    """Evenly spaced units, cut at the same time: as many steps, and as many of them with the large network."""
    return cut_clip("tiny_clip_even", (), (HALF,), learning_rate=2e-3)


def tiny_clip_even_features() -> Recipe:
    """The same cut, and the teacher's vectors instead of its affinities and the pairs."""
    return cut_clip("tiny_clip_even_features", (), (HALF,), learning_rate=2e-3, method=feature_matching())


def tiny_clip_even_weights() -> Recipe:
    """The same cut, and the pairs alone."""
    return cut_clip("tiny_clip_even_weights", (), (HALF,), learning_rate=2e-3, method=pairs_only())


def tiny_clip_even_untaught() -> Recipe:
    """The size that is left, from random weights and the pairs alone."""
    return untaught_cut_clip("tiny_clip_even_untaught", HALF, learning_rate=1e-3)


def _sparse(method: Method) -> Method:
    terms = dict(method.terms)
    prices = {"linear": Ref("prices", "linear"), "quadratic": Ref("prices", "quadratic")}
    for modality in ("image", "text"):
        inputs = {"density": Ref(f"student.{modality}", "density"), **prices}
        terms[f"{modality} density"] = Term(LagrangianSparsityLoss(0.4, weight=10.0), inputs)
    return Method(terms, {"prices": Part(LagrangeMultipliers())})

"""TinyCLIP's progressive stages (Wu et al. 2023)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Recipe
from limbeck.recipes.bases import feature_matching
from limbeck.recipes.papers.tiny_clip import tiny_clip_claim
from limbeck.recipes.setups.cut_clips import HALF, QUARTER, cut_claim, cut_clip, untaught_cut_clip
from limbeck.recipes.setups.emoji_pairs import pairs_only


def tiny_clip_progressive() -> Recipe:
    """From four heads to two and then to one."""
    claim = tiny_clip_claim(
        "At extreme compression, several small cuts with distillation in between beat one large cut.",
        "progressive stages mitigate the loss of informative weights during extreme compression (no figure)",
        {
            "one cut": "tiny_clip_one_cut",
            "no teacher": "tiny_clip_one_cut_untaught",
            "feature matching": "tiny_clip_one_cut_features",
            "inherited weights alone": "tiny_clip_one_cut_weights",
        },
    )
    claim = cut_claim(claim, share="a quarter", how="one cut at the start")
    return replace(cut_clip("tiny_clip_progressive", (HALF,), (HALF,), learning_rate=4e-3), claim=claim)


def tiny_clip_one_cut() -> Recipe:
    """From four heads to one at once, for all steps."""
    return cut_clip("tiny_clip_one_cut", (QUARTER,), (), learning_rate=4e-3)


def tiny_clip_one_cut_features() -> Recipe:
    """One cut, and the teacher's vectors instead of its affinities and the pairs."""
    return cut_clip("tiny_clip_one_cut_features", (QUARTER,), (), learning_rate=4e-3, method=feature_matching())


def tiny_clip_one_cut_weights() -> Recipe:
    """One cut, and the pairs alone."""
    return cut_clip("tiny_clip_one_cut_weights", (QUARTER,), (), learning_rate=2e-3, method=pairs_only())


def tiny_clip_one_cut_untaught() -> Recipe:
    """The size that is left, from random weights and the pairs alone."""
    return untaught_cut_clip("tiny_clip_one_cut_untaught", QUARTER, learning_rate=4e-3)

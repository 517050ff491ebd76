"""TinyCLIP: affinity mimicking and inherited weights (Wu et al. 2023)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Claim, Recipe
from limbeck.recipes.setups.emoji_pairs import METRIC, RATES, pairs_only
from limbeck.recipes.setups.small_clips import INHERIT, SETUP, affinities, taught_clip


def tiny_clip() -> Recipe:
    """Affinities of the teacher and a choice of its weights."""
    claim = tiny_clip_claim(
        "A small CLIP with its teacher's affinities and a choice of its weights beats one trained on the pairs alone.",
        "ViT-8M/16: 41.1 % zero-shot ImageNet with 8.9 % of the parameters of CLIP ViT-B/16, 3.5 points above it",
        {
            "no teacher": "small_clip",
            "feature matching": "small_clip_features",
            "inherited weights alone": "tiny_clip_weights",
            "affinities alone": "tiny_clip_affinities",
        },
    )
    return replace(taught_clip("tiny_clip", affinities(), *INHERIT), claim=claim)


def tiny_clip_speed() -> Recipe:
    """The same in 140 of 200 steps, against random weights with all of them."""
    claim = tiny_clip_claim(
        "With inherited weights the same distillation is as good after 1 / 1.4 of the steps.",
        "training 1.4 to 7.8 times as fast as from scratch at comparable quality",
        {
            "affinities alone, all steps": "tiny_clip_affinities",
            "no teacher, all steps": "small_clip",
            "feature matching, all steps": "small_clip_features",
            "inherited weights alone, all steps": "tiny_clip_weights",
        },
    )
    return replace(taught_clip("tiny_clip_speed", affinities(), *INHERIT, steps=140), claim=claim)


def tiny_clip_weights() -> Recipe:
    """Inherited weights and then the pairs alone."""
    return taught_clip("tiny_clip_weights", pairs_only(), *INHERIT)


def tiny_clip_affinities() -> Recipe:
    """Affinities of the teacher, from random weights."""
    return taught_clip("tiny_clip_affinities", affinities())


def tiny_clip_claim(statement: str, published: str, baselines: dict[str, str]) -> Claim:
    """What all claims of the paper share."""
    return Claim(
        statement=statement,
        source="TinyCLIP, Wu et al. 2023, arXiv 2309.12314",
        metric=METRIC,
        published=published,
        baselines=baselines,
        setup=SETUP,
        differs="a teacher trained here on the emoji instead of OpenCLIP on LAION-400M, and the student sees the same "
        "pairs; most parameters of both are word embeddings; the abstract gives no margin for size: three points; "
        "retrieval stands for zero-shot classification of ImageNet; the speeds beyond the one that is measured (up to "
        "7.8 times) are not tried",
        tuning=RATES,
        also=("image<->text R@1",),
    )

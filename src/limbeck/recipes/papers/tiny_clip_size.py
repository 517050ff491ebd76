"""TinyCLIP against its teacher: quality kept, parameters and time saved (Wu et al. 2023)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from limbeck.core.study import Lab, Scores, Study
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.recipes.papers.tiny_clip import tiny_clip, tiny_clip_claim, tiny_clip_weights
from limbeck.recipes.setups.emoji_pairs import METRIC
from limbeck.recipes.setups.small_clips import small_clip, small_clip_features
from limbeck.recipes.setups.student_and_teacher import COSTS, quality_and_costs, student_and_teacher


def tiny_clip_size() -> Study:
    """The student and the teacher that every seed has in common."""
    claim = tiny_clip_claim(
        "A CLIP of less than half the parameters keeps the quality of its teacher.",
        "ViT-B/32 halved at comparable zero-shot accuracy (61.4 %, LAION-400M)",
        {
            "the teacher": "vit-xm, trained once",
            "no teacher": "small_clip",
            "feature matching": "small_clip_features",
            "inherited weights alone": "tiny_clip_weights",
        },
    )
    return Study("tiny_clip_size", measure=measure, claim=replace(claim, margin=0.03, also=(*claim.also, *COSTS)))


def measure(seed: int, lab: Lab) -> Mapping[str, Scores]:
    """Retrieval, parameters and rows a second of both, and of students of that size that learnt otherwise."""
    evaluator, metrics = RetrievalEvaluator((1, 5)), (METRIC, "image<->text R@1")
    found = dict(student_and_teacher(lab.trial(tiny_clip(), seed=seed), lab, evaluator, metrics))
    others = {
        "no teacher": small_clip(),
        "feature matching": small_clip_features(),
        "inherited weights alone": tiny_clip_weights(),
    }
    for arm, recipe in others.items():
        trial = lab.trial(recipe, seed=seed)
        found[arm] = quality_and_costs(trial.encoders, trial, lab, evaluator, metrics)
    return found

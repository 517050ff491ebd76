"""TinyCLIP against its teacher: quality kept, parameters and time saved (Wu et al. 2023)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from limbeck.core.study import Lab, Scores, Study
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.recipes.papers.tiny_clip import tiny_clip, tiny_clip_claim
from limbeck.recipes.setups.emoji_pairs import METRIC
from limbeck.recipes.setups.student_and_teacher import COSTS, student_and_teacher


def tiny_clip_size() -> Study:
    """The student and the teacher that every seed has in common."""
    claim = tiny_clip_claim(
        "A CLIP of less than half the parameters keeps the quality of its teacher.",
        "ViT-B/32 halved at comparable zero-shot accuracy (61.4 %, LAION-400M)",
        {"the teacher": "vit-xm, trained once"},
    )
    says = (
        "; no feature matching: it stands in `tiny_clip`, with the same students under the same seeds; no arm without "
        "a teacher: likewise"
    )
    claim = replace(claim, differs=claim.differs + says)
    return Study("tiny_clip_size", measure=measure, claim=replace(claim, margin=0.03, also=(*claim.also, *COSTS)))


def measure(seed: int, lab: Lab) -> Mapping[str, Scores]:
    """Retrieval, parameters and rows a second of both."""
    trial = lab.trial(tiny_clip(), seed=seed)
    return student_and_teacher(trial, lab, RetrievalEvaluator((1, 5)), (METRIC, "image<->text R@1"))

"""Emoji with a real teacher and pictures without words: the skin-tone variants of the training concepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from limbeck.core.recipe import Budget, Claim, Recipe
from limbeck.core.term import Term
from limbeck.objectives.affinity.similarity_distribution_kl import SimilarityDistributionKLLoss
from limbeck.recipes.setups.emoji_pairs import emoji_pairs, pairs_only
from limbeck.recipes.setups.taught_emoji import IMAGE, METRIC, THEIRS, like, stage, taught_emoji

ALL = "emoji:size=32,train=google+twitter,test=google+twitter"
QUARTER = ALL + ",share=0.25"
STEPS = 200
PAIRS, MIXED = {"image+text": 96}, {"image+text": 48, "image": 48}


def unlabelled_claim(prefix: str, *, statement: str, pairs: str, tuning: str) -> Claim:
    """More pictures against more looks at the same ones; the names of the baselines follow the method's."""
    return Claim(
        statement=statement,
        source="SSLD, Cui et al. 2021, arXiv 2103.05959",
        metric=METRIC,
        published="can be trained with extra unlabelled data (the abstract gives no figure for that alone)",
        baselines={
            "without the variants": f"{prefix}_pairs",
            "feature matching": f"{prefix}_features",
            "feature matching, with the variants": f"{prefix}_features_mixed",
            "no teacher": f"{prefix}_untaught",
        },
        setup=f"emoji by Google and Twitter, 32 px: {pairs}; teacher EfficientNet-Lite0 and MiniLM, aligned on those "
        "pairs; student the picture tower of resnet-xs, read by the teacher's words on unseen concepts; 200 steps of "
        "96 pictures, of which 48 are variants where there are any",
        differs="the classes are the pictures of the batch as the teacher sees them, compared by KL, instead of 1,000 "
        "classes by JS; variants of the training concepts are nearer to the pairs than pictures from the web and are "
        "not chosen by the teacher; no fine-tuning afterwards and no transfer to other tasks",
        tuning=tuning,
    )


def soft_labels(name: str, batch: Mapping[str, int], *, data: str, learning_rate: float) -> Recipe:
    """The teacher's similarities to the pictures of the batch and nothing else: no name of any picture is used."""
    inputs = {"student": IMAGE, "teacher": THEIRS, "teacher_key": THEIRS}
    soft = Term(SimilarityDistributionKLLoss(0.07, teacher_temperature=0.07), inputs)
    return _taught(name, {"soft labels": soft}, batch, data=data, learning_rate=learning_rate)


def matched(name: str, batch: Mapping[str, int], *, data: str, learning_rate: float) -> Recipe:
    """The teacher's vectors and nothing else."""
    return _taught(name, {"features": like()}, batch, data=data, learning_rate=learning_rate)


def untaught(name: str, *, data: str, learning_rate: float) -> Recipe:
    """Both towers from the pairs alone."""
    rows = PAIRS["image+text"]
    return emoji_pairs(
        name, pairs_only(), data=data, student="resnet-xs", steps=STEPS, rows=rows, learning_rate=learning_rate
    )


def _taught(
    name: str, terms: Mapping[str, Term], batch: Mapping[str, int], *, data: str, learning_rate: float
) -> Recipe:
    pictures = stage("student", terms, "student.image", learning_rate=learning_rate)
    return taught_emoji(name, replace(pictures, budget=Budget(STEPS, batch=batch)), data=data)

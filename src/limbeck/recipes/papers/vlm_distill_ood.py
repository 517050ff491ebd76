"""VLM-Distill-OOD: a student that keeps its teacher's picture space and its bond with words (Li et al. 2023)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Claim, Recipe
from limbeck.core.term import Term
from limbeck.objectives.affinity.similarity_distribution_kl import SimilarityDistributionKLLoss
from limbeck.recipes.setups import taught_emoji as emoji
from limbeck.recipes.setups.taught_emoji import IMAGE, SAME, THEIRS, like, named, stage, taught_emoji, untaught_emoji

HUMBLING = {"feature matching": "vlm_distill_ood_features", "no teacher": "vlm_distill_ood_untaught"}


def vlm_distill_ood() -> Recipe:
    """The teacher's vectors, its neighbours among pictures, and its similarities to words."""
    claim = _claim(
        "Imitating the teacher's picture space and its coherence with words names classes that were never seen better "
        "than learning the names of the training classes.",
        {"names of training classes": "vlm_distill_ood_names"},
    )
    return replace(_recipe("vlm_distill_ood"), claim=claim)


def vlm_distill_ood_language() -> Recipe:
    """The same where texts are names and tags, against names alone."""
    claim = _claim(
        "Texts with informative attributes distinguish unseen classes better than their names.",
        {"names alone": "vlm_distill_ood_bare"},
    )
    return replace(_recipe("vlm_distill_ood_language"), claim=claim)


def vlm_distill_ood_bare() -> Recipe:
    """The method with names alone, in training and in the test."""
    return _recipe("vlm_distill_ood_bare", data=SAME + ",text=label")


def vlm_distill_ood_names() -> Recipe:
    """Contrast with the names of the training classes; nothing of the teacher's pictures."""
    train = stage("student", {"names": named()}, "student.image", "student.scale", "words")
    return taught_emoji("vlm_distill_ood_names", train, parts=emoji.words(), text=named().inputs["key"])


def vlm_distill_ood_untaught() -> Recipe:
    """The pairs alone: pictures and words learn from one another."""
    return untaught_emoji("vlm_distill_ood_untaught")


def vlm_distill_ood_features() -> Recipe:
    """The teacher's vectors and nothing else."""
    return taught_emoji("vlm_distill_ood_features", stage("student", {"features": like()}, "student.image"))


def _recipe(name: str, *, data: str = SAME) -> Recipe:
    # A teacher as sharp as this picks its own picture among all of them: InfoNCE against the teacher's vectors.
    contrast = SimilarityDistributionKLLoss(0.07, teacher_temperature=0.01)
    bond = SimilarityDistributionKLLoss(0.07, teacher_temperature=0.07)
    inputs = {"student": IMAGE, "teacher": THEIRS}
    terms = {
        "features": like(),
        "pictures": Term(contrast, {**inputs, "teacher_key": THEIRS}, 0.3),
        "words": Term(bond, {**inputs, "teacher_key": emoji.WORDS}, 0.3),
    }
    return taught_emoji(name, stage("student", terms, "student.image", learning_rate=2e-3), data=data)


def _claim(statement: str, baselines: dict[str, str]) -> Claim:
    return Claim(
        statement=statement,
        source="Li et al. 2023, arXiv 2307.03135",
        metric=emoji.METRIC,
        published="significant improvements in zero-shot and few-shot performance (the abstract gives no figure)",
        baselines={**baselines, **HUMBLING},
        setup=emoji.SETUP,
        differs="emoji as classes, tags by people instead of attributes by a language model, zero-shot only; "
        + emoji.UNTAUGHT,
        tuning=emoji.TUNING + "; weights of the demo's recipe",
    )

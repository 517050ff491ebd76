"""PromptKD: prompts learn from a larger teacher on unlabelled pictures of a domain (Li et al. 2024)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Claim, Method, Recipe
from limbeck.core.term import Ref, Term
from limbeck.objectives.affinity.similarity_distribution_kl import SimilarityDistributionKLLoss
from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.objectives.feature.cosine import CosineLoss
from limbeck.recipes.setups.emoji_pairs import GROUP, IMAGE, SCALE, TEXT
from limbeck.recipes.setups.prompted_emoji import PROMPTS, WORDS, prompted_emoji
from limbeck.recipes.setups.taught_emoji import TUNING


def prompt_kd() -> Recipe:
    """Similarities to the teacher's class vectors, through prompts, without pairs."""
    claim = Claim(
        statement="Prompts that learn from a larger teacher on unlabelled pictures beat prompts tuned on few labels.",
        source="PromptKD, Li et al. 2024, arXiv 2403.02781",
        metric="image->text MRR",
        published="effective on 11 data sets (the abstract gives no figure)",
        baselines={
            "few labels": "prompt_kd_few",
            "no teacher": "prompt_kd_untaught",
            "feature matching": "prompt_kd_features",
            "whole tower": "prompt_kd_whole",
        },
        setup="teacher vit-xm and student vit-xs learnt names and tags of emoji by Google and Twitter (900 and 200 "
        "steps); then 4 prompts in each of 2 layers and the projection learn Apple's drawings for 150 steps of 96; few "
        "labels: a twentieth of the concepts; read by the teacher's text vectors, on unseen concepts by Apple",
        differs="models trained here; one domain instead of 11 data sets; the teacher is not tuned on the domain; "
        "classes are the texts of the batch; every arm starts from the weights that the student has from the two "
        "vendors, none from its teacher's; no teacher is few labels with the student's own words",
        tuning=TUNING,
    )
    return replace(prompted_emoji("prompt_kd", _soft(), *PROMPTS, learning_rate=8e-3), claim=claim)


def prompt_kd_few() -> Recipe:
    """The same prompts from the pairs of a few concepts."""
    return prompted_emoji("prompt_kd_few", _pairs(WORDS), *PROMPTS, few=True)


def prompt_kd_untaught() -> Recipe:
    """Those prompts and pairs, but the student's own words."""
    recipe = prompted_emoji("prompt_kd_untaught", _pairs(TEXT), *PROMPTS, few=True, learning_rate=2e-3)
    return replace(recipe, teachers={}, answers={})


def prompt_kd_features() -> Recipe:
    """The same prompts and pictures; the student's vectors point where the teacher's do."""
    term = Term(CosineLoss(), {"student": IMAGE, "teacher": Ref("mentor.image")})
    return prompted_emoji("prompt_kd_features", Method({"features": term}), *PROMPTS, learning_rate=8e-3)


def prompt_kd_whole() -> Recipe:
    """The teacher's similarities, with every weight of the student."""
    return prompted_emoji("prompt_kd_whole", _soft())


def _pairs(words: Ref) -> Method:
    return Method({"pairs": Term(InfoNCELoss(), {"query": IMAGE, "key": words, "scale": SCALE, "target_group": GROUP})})


def _soft() -> Method:
    objective = SimilarityDistributionKLLoss(0.05, teacher_temperature=0.05)
    inputs = {"student": IMAGE, "teacher": Ref("mentor.image"), "teacher_key": WORDS}
    return Method({"class vectors": Term(objective, inputs)})

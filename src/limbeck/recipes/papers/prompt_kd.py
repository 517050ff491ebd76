"""PromptKD: prompts learn from a larger teacher on unlabelled pictures of a domain (Li et al. 2024)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Claim, Method, Recipe
from limbeck.core.surgery import Surgery
from limbeck.core.term import Ref, Term
from limbeck.objectives.affinity.similarity_distribution_kl import SimilarityDistributionKLLoss
from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.recipes.setups.emoji_pairs import IMAGE, SCALE, emoji_pairs, pairs_only
from limbeck.recipes.setups.taught_emoji import TUNING
from limbeck.surgery.add_prompts import PromptSurgery
from limbeck.surgery.inherit_weights import InheritWeightsSurgery

WORDS = Ref("mentor.text")
SOURCE, DOMAIN = "emoji:size=32,skins=no,train=google+twitter,test=google+twitter", "emoji:size=32,skins=no,train=apple"
PROMPTS: tuple[Surgery, ...] = (PromptSurgery(4, depth=2),)


def prompt_kd() -> Recipe:
    """Similarities to the teacher's class vectors, through prompts, without pairs."""
    claim = Claim(
        statement="Prompts that learn from a larger teacher on unlabelled pictures beat prompts tuned on few labels.",
        source="PromptKD, Li et al. 2024, arXiv 2403.02781",
        metric="image->text MRR",
        published="effective on 11 data sets (the abstract gives no figure)",
        baselines={"few labels": "prompt_kd_few", "whole tower": "prompt_kd_whole"},
        setup="teacher vit-xm and student vit-xs learnt names and tags of emoji by Google and Twitter (900 and 200 "
        "steps); then 4 prompts in each of 2 layers and the projection learn Apple's drawings for 150 steps of 96; few "
        "labels: a twentieth of the concepts; read by the teacher's text vectors, on unseen concepts by Apple",
        differs="models trained here; the teacher is not tuned on the domain; classes are the texts of the batch",
        tuning=TUNING,
    )
    return replace(_recipe("prompt_kd", _soft(), *PROMPTS, learning_rate=8e-3), claim=claim)


def prompt_kd_few() -> Recipe:
    """The same prompts from the pairs of a few concepts."""
    inputs = {"query": IMAGE, "key": WORDS, "scale": SCALE, "target_group": Ref("target", "group")}
    return _recipe("prompt_kd_few", Method({"pairs": Term(InfoNCELoss(), inputs)}), *PROMPTS, few=True)


def prompt_kd_whole() -> Recipe:
    """The teacher's similarities, with every weight of the student."""
    return _recipe("prompt_kd_whole", _soft())


def prompt_kd_mentor() -> Recipe:
    """The teacher, from the pairs of two vendors."""
    return emoji_pairs("prompt_kd_mentor", pairs_only(), data=SOURCE, student="vit-xm", steps=900, learning_rate=1e-3)


def prompt_kd_student() -> Recipe:
    """The student before it meets the domain."""
    return emoji_pairs("prompt_kd_student", pairs_only(), data=SOURCE)


def _soft() -> Method:
    objective = SimilarityDistributionKLLoss(0.05, teacher_temperature=0.05)
    inputs = {"student": IMAGE, "teacher": Ref("mentor.image"), "teacher_key": WORDS}
    return Method({"class vectors": Term(objective, inputs)})


def _recipe(name: str, method: Method, *surgeries: Surgery, few: bool = False, learning_rate: float = 4e-3) -> Recipe:
    data = DOMAIN + ",test=apple" + (",share=0.05" if few else "")
    recipe = emoji_pairs(
        name,
        method,
        data=data,
        steps=150,
        learning_rate=learning_rate,
        teacher="recipe:prompt_kd_student",
        answers={"text": WORDS},
    )
    teachers = {"mentor": "recipe:prompt_kd_mentor"}
    return replace(recipe, teachers=teachers, surgeries=(InheritWeightsSurgery(), *surgeries))

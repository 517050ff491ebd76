"""A student that knows two vendors' emoji and meets a third one's, with a larger teacher that knows the same two."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Method, Recipe
from limbeck.core.surgery import Surgery
from limbeck.core.term import Ref
from limbeck.recipes.setups.emoji_pairs import emoji_pairs, pairs_only
from limbeck.surgery.add_prompts import PromptSurgery
from limbeck.surgery.inherit_weights import InheritWeightsSurgery

WORDS = Ref("mentor.text")
SOURCE, DOMAIN = "emoji:size=32,skins=no,train=google+twitter,test=google+twitter", "emoji:size=32,skins=no,train=apple"
PROMPTS: tuple[Surgery, ...] = (PromptSurgery(4, depth=2),)


def prompt_kd_mentor() -> Recipe:
    """The teacher, from the pairs of two vendors."""
    return emoji_pairs("prompt_kd_mentor", pairs_only(), data=SOURCE, student="vit-xm", steps=900, learning_rate=1e-3)


def prompt_kd_student() -> Recipe:
    """The student before it meets the domain."""
    return emoji_pairs("prompt_kd_student", pairs_only(), data=SOURCE)


def prompted_emoji(
    name: str, method: Method, *surgeries: Surgery, few: bool = False, learning_rate: float = 4e-3
) -> Recipe:
    """The student goes on from its own weights by a method on the third vendor, and is read by the teacher's words."""
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

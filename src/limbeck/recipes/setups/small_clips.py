"""CLIPs of two sizes on emoji, one kind of transformer: what claims about inheriting and replacing models run on."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Method, Recipe
from limbeck.core.surgery import Surgery
from limbeck.core.term import Term
from limbeck.objectives.affinity.affinity_mimicking import AffinityMimickingLoss
from limbeck.recipes.bases import TEACHER_IMAGE, TEACHER_TEXT, feature_matching
from limbeck.recipes.setups.emoji_pairs import IMAGE, SCALE, TEXT, contrast, emoji_pairs, pairs_only
from limbeck.surgery.inherit_weights import InheritWeightsSurgery

STEPS, RATE, TEMPERATURE = 200, 1e-3, 0.05
TEACHER = "recipe:large_clip"
INHERIT: tuple[Surgery, ...] = (InheritWeightsSurgery(),)
SETUP = (
    "emoji of four vendors with names and tags, 32 px; teacher vit-xm (4 + 4 layers of width 128), 900 steps; student "
    "vit-xs (2 + 2 layers of width 64), 200 steps of 96 pairs"
)


def large_clip() -> Recipe:
    """The teacher, from the pairs."""
    return emoji_pairs("large_clip", pairs_only(), student="vit-xm", steps=900, learning_rate=1e-3)


def small_clip() -> Recipe:
    """The student alone, from the pairs."""
    return emoji_pairs("small_clip", pairs_only(), steps=STEPS, learning_rate=RATE)


def small_clip_features() -> Recipe:
    """The student by matching the teacher's vectors."""
    return taught_clip("small_clip_features", feature_matching(), learning_rate=4e-3)


def affinities() -> Method:
    """Contrast and the teacher's affinities."""
    inputs = {"query": IMAGE, "key": TEXT, "scale": SCALE, "teacher_query": TEACHER_IMAGE, "teacher_key": TEACHER_TEXT}
    return Method({"contrast": contrast(), "affinity": Term(AffinityMimickingLoss(TEMPERATURE), inputs)})


def taught_clip(
    name: str,
    method: Method,
    *surgeries: Surgery,
    steps: int = STEPS,
    student: str = "vit-xs",
    learning_rate: float = RATE,
) -> Recipe:
    """The student by a method that may read the teacher, after surgeries that may."""
    recipe = emoji_pairs(name, method, student=student, steps=steps, learning_rate=learning_rate, teacher=TEACHER)
    return replace(recipe, surgeries=surgeries)

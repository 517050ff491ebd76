"""Digits for claims about masked pictures: pre-training against a teacher's tokens, then a probe of few labels."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe
from limbeck.core.surgery import Surgery
from limbeck.core.term import Ref, Term
from limbeck.layers.alignment.dynamic_alignment import DynamicAlignment
from limbeck.layers.tokens.drop_first import DropFirst
from limbeck.layers.tokens.mean_tokens import MeanTokens
from limbeck.layers.tokens.pick_tokens import PickTokens
from limbeck.objectives.feature.whitened_smooth_l1 import WhitenedSmoothL1Loss
from limbeck.recipes.setups.grid_digits import TEACHER, WIDTH, classes, grid_digits, labels, stage

RATE, KEPT = 2e-3, Ref("student.image", "kept")
OURS, THEIRS = (1, 2), (3, 6)


def patches() -> dict[str, Part]:
    """Tokens of two levels of student and teacher, without the class token."""
    own = {f"seen.{level}": _patches("student.image", level) for level in OURS}
    return own | {f"patches.{level}": _patches("teacher.image", level) for level in THEIRS}


def picked() -> dict[str, Part]:
    """The teacher's tokens at the places that the student saw."""
    return {
        f"picked.{level}": Part(PickTokens(), {"tokens": Ref(f"patches.{level}", "tokens"), "place": KEPT})
        for level in THEIRS
    }


def alignment() -> dict[str, Part]:
    """Two levels of the student, mixed for each of two levels of the teacher."""
    layer = DynamicAlignment(48, levels=2, widths=(WIDTH, WIDTH))
    return {"align": Part(layer, {"first": Ref("seen.1", "tokens"), "second": Ref("seen.2", "tokens")})}


def aligned(theirs: str) -> dict[str, Term]:
    """Both levels against `THEIRS.3` and `THEIRS.6`."""
    return {
        f"level {level}": match(Ref("align", f"level.{number}"), Ref(f"{theirs}.{level}", "tokens"))
        for number, level in enumerate(THEIRS)
    }


def match(student: Ref, teacher: Ref) -> Term:
    """Smooth L1 to the teacher's tokens, each with mean 0 and variance 1."""
    return Term(WhitenedSmoothL1Loss(), {"student": student, "teacher": teacher})


def masked_digits(
    name: str,
    parts: Mapping[str, Part],
    terms: Mapping[str, Term],
    *trains: str,
    surgeries: tuple[Surgery, ...] = (),
) -> Recipe:
    """A small ViT learns from the terms, without labels; then a linear probe of the mean of its frozen patches."""
    stages = [stage("probe", {"labels": labels()}, ("classes",), steps=300, learning_rate=3e-2)]
    if terms:
        stages.insert(0, stage("pretraining", terms, ("student.image", *trains), steps=400, learning_rate=RATE))
    teacher = TEACHER if terms else None
    mean = Part(MeanTokens(1), {"tokens": Ref("student.image", "tokens")})
    own = {"mean": mean, **classes(48, Ref("mean")), **parts}
    return grid_digits(name, *stages, parts=own, student="vit-image-s", teacher=teacher, surgeries=surgeries)


def _patches(encoder: str, level: int) -> Part:
    return Part(DropFirst(), {"tokens": Ref(encoder, f"hidden.{level}")})

"""Digits with a teacher in two halves, whose upper one can go on from what somebody else says."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe
from limbeck.core.term import Ref, Term
from limbeck.heads.linear import LinearHead
from limbeck.layers.network.shared import SharedLayer
from limbeck.layers.projector.mlp import MLPProjector
from limbeck.recipes.setups.digits import CLASSES, MENTOR, PICTURE, STUDENT, THEIRS, base, digits, labels, stage

STATE = 64
LOWER, UPPER, ANSWER = Ref("mentor.lower"), Ref("mentor.upper"), Ref("mentor.upper", "second")
MENTORS = ("mentor", "mentor.lower", "mentor.upper")


def translator(in_width: int, width: int) -> MLPProjector:
    """A message encoder or decoder: a small MLP from one space to another."""
    return MLPProjector(in_width, hidden=64, width=width)


def spoken_digits(
    name: str,
    terms: Mapping[str, Term],
    *,
    parts: Mapping[str, Part],
    learning_rate: float,
    heard: Ref | None = None,
) -> Recipe:
    """The mentor first, then the student and all further parts.

    Args:
        name: of the recipe.
        terms: what the student learns by.
        parts: that train with the student.
        learning_rate: of the student's stage.
        heard: what the mentor's upper half goes on from, beside its own lower half.
    """
    eats = {"own": LOWER} if heard is None else {"own": LOWER, "second": heard}
    teacher = {
        "mentor.lower": Part(MLPProjector(64, hidden=256, width=STATE), {"x": PICTURE}),
        "mentor.upper": Part(SharedLayer(MLPProjector(STATE, hidden=256, width=STATE)), eats),
        "mentor": Part(LinearHead(STATE, width=CLASSES), {"x": UPPER}),
    }
    learn = stage("mentor", {"labels": labels(MENTOR, label=THEIRS)}, MENTORS)
    student = stage("student", terms, tuple(dict.fromkeys((*STUDENT, *parts))), learning_rate=learning_rate)
    return digits(name, learn, student, parts=base() | teacher | dict(parts))

"""Digits with one teacher: the mentor learns first, then the student by the terms of a paper."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe
from limbeck.core.term import Term
from limbeck.recipes.setups.digits import MENTOR, STUDENT, THEIRS, base, digits, labels, mentor, soft_labels, stage


def taught(
    name: str,
    terms: Mapping[str, Term],
    *,
    parts: Mapping[str, Part] | None = None,
    learning_rate: float = 3e-3,
    theirs: float = 0.8,
    ours: float = 0.2,
) -> Recipe:
    """Two stages; further parts that have a state train with the student.

    Args:
        name: of the recipe.
        terms: what the student learns by.
        parts: what the terms read beside student and mentor.
        learning_rate: of the student's stage.
        theirs: share of the training rows whose label the mentor knows.
        ours: share, of the others, whose label the student knows.
    """
    first = stage("mentor", {"labels": labels(MENTOR, label=THEIRS)}, ("mentor", "mentor.features"))
    own = dict(parts or {})
    learning = (part for part, content in own.items() if content.layer.state_dict())
    student = stage("student", terms, (*STUDENT, *learning), learning_rate=learning_rate)
    return digits(name, first, student, parts=base(theirs, ours) | mentor() | own)


def distilled(name: str) -> Recipe:
    """Labels and the mentor's softened answers."""
    return taught(name, {"labels": labels(), "teacher": soft_labels()}, learning_rate=1e-2)


def untaught(name: str, *, learning_rate: float = 3e-2, theirs: float = 0.8, ours: float = 0.2) -> Recipe:
    """The same student from its labels alone."""
    student = stage("student", {"labels": labels()}, STUDENT, learning_rate=learning_rate)
    return digits(name, student, parts=base(theirs, ours))

"""Digits with plain feature matching: FitNets' hint, the humbling baseline of the claims on them."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe
from limbeck.core.term import Ref, Term
from limbeck.heads.linear import LinearHead
from limbeck.objectives.feature.mse import MSELoss
from limbeck.recipes.setups.digits import FEATURES, MENTOR_FEATURES, OURS, WIDTH, labels
from limbeck.recipes.setups.taught_digits import taught

MATCHED = (
    "feature matching is FitNets' hint: through a linear map of their own the student's features are the teacher's, in "
    "mean squares of weight 1 on every picture; the known labels train the same student and the classifier that answers"
)


def hints(teachers: Mapping[str, Ref], *, student: Ref = FEATURES) -> tuple[dict[str, Term], dict[str, Part]]:
    """Terms and maps that bring the student's features to each teacher's; all teachers weigh alike, 1 together.

    Args:
        teachers: name of the map -> features of width 32 that stand still.
        student: the student's features; every map trains with it and is thrown away afterwards.
    """
    parts = {name: Part(LinearHead(WIDTH, width=WIDTH), {"x": student}) for name in teachers}
    terms = {
        name: Term(MSELoss(), {"student": Ref(name), "teacher": features}, 1 / len(teachers))
        for name, features in teachers.items()
    }
    return terms, parts


def hinted(
    name: str, *, learning_rate: float = 3e-2, theirs: float = 0.8, ours: float = 0.2, label: Ref = OURS
) -> Recipe:
    """Labels, and the mentor's features through a linear map."""
    terms, parts = hints({"hint": MENTOR_FEATURES})
    terms = {"labels": labels(label=label), **terms}
    return taught(name, terms, parts=parts, learning_rate=learning_rate, theirs=theirs, ours=ours)

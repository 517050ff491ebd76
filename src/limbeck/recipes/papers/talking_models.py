"""Talking Models: the student asks, the teacher goes on from there and replies (Zhao et al. 2023)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe
from limbeck.core.term import Ref, Term
from limbeck.heads.linear import LinearHead
from limbeck.objectives.feature.mse import MSELoss
from limbeck.recipes.setups.digits import CLASSES, FEATURES, WIDTH, claim, labels, soft_labels
from limbeck.recipes.setups.spoken_digits import ANSWER, LOWER, STATE, UPPER, spoken_digits, translator
from limbeck.recipes.setups.taught_digits import untaught

MESSAGE = 16


def talking_models() -> Recipe:
    """Messages both ways."""
    says = claim(
        statement="Exchanging messages both ways teaches a student better than copying the teacher's features one way.",
        source="Zhao et al. 2023, arXiv 2310.03188",
        published="abstract gives no figure: better than other distillation techniques on benchmark data",
        baselines={
            "one way": "talking_models_one_way",
            "soft labels": "talking_models_soft_labels",
            "no teacher": "talking_models_untaught",
        },
        differs="digits instead of the paper's benchmarks; one message of 16 numbers each way; written from the "
        "abstract: a message is trained to be understood by the teacher, and its reply to help with the task",
    )
    parts = {
        "asks": Part(translator(WIDTH, MESSAGE), {"x": FEATURES}),
        "hears": Part(translator(MESSAGE, STATE), {"x": Ref("asks")}),
        "replies": Part(translator(STATE, MESSAGE), {"x": ANSWER}),
        "reads": Part(translator(MESSAGE, WIDTH), {"x": Ref("replies")}),
        "reads.classes": Part(LinearHead(WIDTH, width=CLASSES), {"x": Ref("reads")}),
    }
    terms = {
        "labels": labels(),
        "understood": Term(MSELoss(), {"student": Ref("hears"), "teacher": LOWER}),
        "useful": labels(Ref("reads.classes")),
        "taken in": Term(MSELoss(), {"student": FEATURES, "teacher": Ref("reads")}),
    }
    return replace(spoken_digits("talking_models", terms, parts=parts, heard=Ref("hears")), claim=says)


def talking_models_one_way() -> Recipe:
    """The student's features, projected, are the teacher's."""
    parts = {"projected": Part(translator(WIDTH, STATE), {"x": FEATURES})}
    copied = Term(MSELoss(), {"student": Ref("projected"), "teacher": UPPER})
    return spoken_digits("talking_models_one_way", {"labels": labels(), "features": copied}, parts=parts)


def talking_models_soft_labels() -> Recipe:
    """Ordinary distillation."""
    terms = {"labels": labels(), "teacher": soft_labels()}
    return spoken_digits("talking_models_soft_labels", terms, parts={})


def talking_models_untaught() -> Recipe:
    """Labels alone."""
    return untaught("talking_models_untaught")

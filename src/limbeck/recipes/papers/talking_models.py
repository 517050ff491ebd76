"""Talking Models: the student asks, the teacher goes on from there and replies (Zhao et al. 2023)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe
from limbeck.core.term import Ref, Term
from limbeck.heads.linear import LinearHead
from limbeck.layers.network.shared import SharedLayer
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
        differs="digits instead of the paper's benchmarks; the teacher learnt the student's own task, so that no shift "
        "between pre-training and task is bridged; one message of 16 numbers each way; written from the abstract: a "
        "message is trained to be understood by the teacher, and its reply to help with the task; a first form, whose "
        "replies had a head of their own, collapsed on validation",
        tuning="four trials an arm on validation, seed 100: learning rate 3e-3, 1e-2 with weight 1, 0.1 of the term on "
        "features; arms without one learning rate 1e-3, 3e-3, 1e-2, 3e-2",
    )
    parts = {
        "asks": Part(translator(WIDTH, MESSAGE), {"x": FEATURES}),
        "hears": Part(translator(MESSAGE, STATE), {"x": Ref("asks")}),
        "replies": Part(translator(STATE, MESSAGE), {"x": ANSWER}),
        "reads": Part(translator(MESSAGE, WIDTH), {"x": Ref("replies")}),
        "classes": Part(SharedLayer(LinearHead(WIDTH, width=CLASSES)), {"own": FEATURES, "second": Ref("reads")}),
    }
    terms = {
        "labels": labels(),
        "understood": Term(MSELoss(), {"student": Ref("hears"), "teacher": LOWER}),
        "useful": labels(Ref("classes", "second")),
        "taken in": Term(MSELoss(), {"student": FEATURES, "teacher": Ref("reads")}, 0.1),
    }
    return replace(
        spoken_digits("talking_models", terms, parts=parts, learning_rate=1e-2, heard=Ref("hears")), claim=says
    )


def talking_models_one_way() -> Recipe:
    """The student's features, projected, are the teacher's."""
    parts = {"projected": Part(translator(WIDTH, STATE), {"x": FEATURES})}
    copied = Term(MSELoss(), {"student": Ref("projected"), "teacher": UPPER}, 0.1)
    return spoken_digits(
        "talking_models_one_way", {"labels": labels(), "features": copied}, parts=parts, learning_rate=3e-3
    )


def talking_models_soft_labels() -> Recipe:
    """Ordinary distillation."""
    terms = {"labels": labels(), "teacher": soft_labels()}
    return spoken_digits("talking_models_soft_labels", terms, parts={}, learning_rate=1e-2)


def talking_models_untaught() -> Recipe:
    """Labels alone."""
    return untaught("talking_models_untaught")

"""ND loss: longer features that point at the teacher's class means (Wang et al. 2023)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe
from limbeck.core.term import Ref, Term
from limbeck.layers.prototype.class_mean import ClassMean
from limbeck.objectives.feature.cosine import CosineLoss
from limbeck.objectives.feature.norm_direction import NormDirectionLoss
from limbeck.recipes.setups.digits import CLASSES, FEATURES, MENTOR_FEATURES, OURS, WIDTH, claim, labels, soft_labels
from limbeck.recipes.setups.taught_digits import distilled, taught, untaught


def nd_loss() -> Recipe:
    """Distillation with the ND loss added: KD++."""
    says = claim(
        statement="A loss on norm and direction of features, added to ordinary distillation, makes a better student.",
        source="Wang et al. 2023, arXiv 2305.17007",
        published="abstract gives no figure: higher accuracy on CIFAR-100 and ImageNet, higher AP on COCO",
        baselines={
            "distillation": "nd_loss_distillation",
            "feature matching": "nd_loss_features",
            "no teacher": "nd_loss_untaught",
        },
        differs="digits instead of CIFAR-100, with its weights (1 for labels and distillation at T = 4, 2 for ND); "
        "class means are those of the labelled rows seen so far, and ND counts on these rows only; added to logit "
        "distillation, not to feature distillation; no ImageNet and no detection",
    )
    means = Part(ClassMean(WIDTH, classes=CLASSES), {"features": MENTOR_FEATURES, "label": OURS})
    inputs = {"student": FEATURES, "teacher": MENTOR_FEATURES, "teacher_mean": Ref("means")}
    added = {"norm and direction": Term(NormDirectionLoss(), inputs, 2.0)}
    return replace(
        taught("nd_loss", {**_distillation(), **added}, parts={"means": means}, learning_rate=1e-2), claim=says
    )


def nd_loss_distillation() -> Recipe:
    """Labels and the teacher's softened answers."""
    return distilled("nd_loss_distillation")


def nd_loss_features() -> Recipe:
    """Distillation, and features that point where the teacher's own do."""
    matching = Term(CosineLoss(), {"student": FEATURES, "teacher": MENTOR_FEATURES}, 2.0)
    return taught("nd_loss_features", {**_distillation(), "features": matching}, learning_rate=1e-2)


def nd_loss_untaught() -> Recipe:
    """Labels alone."""
    return untaught("nd_loss_untaught")


def _distillation() -> dict[str, Term]:
    return {"labels": labels(), "teacher": soft_labels()}

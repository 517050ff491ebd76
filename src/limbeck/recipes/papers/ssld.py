"""SSLD: a teacher's soft labels on every picture and no label at all (Cui et al. 2021)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Recipe
from limbeck.core.term import Term
from limbeck.objectives.logit.jensen_shannon import JensenShannonLoss
from limbeck.recipes.setups.digits import MENTOR, SCORES, claim, labels
from limbeck.recipes.setups.hinted_digits import MATCHED, hinted
from limbeck.recipes.setups.taught_digits import taught, untaught


def ssld() -> Recipe:
    """Soft labels alone, also on pictures whose label nobody gave the student."""
    says = claim(
        statement="Agreeing with a large teacher alone, without labels and with extra unlabelled pictures, beats "
        "training on the labels.",
        source="Cui et al. 2021, arXiv 2103.05959",
        published="MobileNetV3-large 75.2 to 79 %, ResNet50-D 79.1 to 83 % top-1 on ImageNet",
        baselines={"labels": "ssld_labels", "labels and teacher": "ssld_mixed", "feature matching": "ssld_features"},
        differs="digits instead of ImageNet; the teacher is trained in the run; no fine-tuning after distillation; an "
        "MLP instead of two convolutional networks; the teacher chooses no pictures; no transfer to other "
        "tasks; " + MATCHED,
    )
    return replace(taught("ssld", {"soft labels": _soft()}), claim=replace(says, quick=True))


def ssld_mixed() -> Recipe:
    """Soft labels and the few labels together."""
    return taught("ssld_mixed", {"soft labels": _soft(), "labels": labels()}, learning_rate=1e-2)


def ssld_labels() -> Recipe:
    """The few labels alone."""
    return untaught("ssld_labels")


def ssld_features() -> Recipe:
    """The few labels, and the teacher's features."""
    return hinted("ssld_features")


def _soft() -> Term:
    return Term(JensenShannonLoss(), {"student": SCORES, "teacher": MENTOR})

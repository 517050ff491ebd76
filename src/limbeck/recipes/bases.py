"""Methods as sets of terms over one wiring: what a student is taught by, without saying on which data or for how long.

A method is a public zero-argument function annotated `-> Method`; `limbeck list method` finds it by walking.
"""

from __future__ import annotations

from limbeck.core.recipe import Method
from limbeck.core.term import Ref, Term
from limbeck.objectives.affinity.affinity_mimicking import AffinityMimickingLoss
from limbeck.objectives.affinity.similarity_distribution_kl import SimilarityDistributionKLLoss
from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.objectives.feature.cosine import CosineLoss

IMAGE, TEXT, SCALE = Ref("student.image"), Ref("student.text"), Ref("student.scale", "scale")
TEACHER_IMAGE, TEACHER_TEXT = Ref("teacher.image"), Ref("teacher.text")


def contrast(weight: float = 1.0) -> Term:
    """InfoNCE between the student's two towers."""
    return Term(InfoNCELoss(), {"query": IMAGE, "key": TEXT, "scale": SCALE}, weight)


def image_features(weight: float = 1.0) -> Term:
    """The student's picture vector points where the teacher's does."""
    return Term(CosineLoss(), {"student": IMAGE, "teacher": TEACHER_IMAGE}, weight)


def text_features(weight: float = 1.0) -> Term:
    """The student's text vector points where the teacher's does."""
    return Term(CosineLoss(), {"student": TEXT, "teacher": TEACHER_TEXT}, weight)


def affinity(weight: float = 1.0) -> Term:
    """The student's picture-text affinities are the teacher's (TinyCLIP)."""
    inputs = {"query": IMAGE, "key": TEXT, "scale": SCALE, "teacher_query": TEACHER_IMAGE, "teacher_key": TEACHER_TEXT}
    return Term(AffinityMimickingLoss(), inputs, weight)


def similarities(modality: str, *, weight: float = 1.0, anchors: Ref | None = None) -> Term:
    """The student's similarities to other rows, or to the teacher's anchors, are distributed as the teacher's."""
    inputs = {"student": Ref(f"student.{modality}"), "teacher": Ref(f"teacher.{modality}")}
    if anchors is not None:
        inputs["teacher_key"] = anchors
    return Term(SimilarityDistributionKLLoss(temperature=0.07, teacher_temperature=0.07), inputs, weight)


def no_teacher() -> Method:
    """Both towers from the pairs alone: the first humbling baseline."""
    return Method({"contrast": contrast()})


def feature_matching() -> Method:
    """Both towers match the teacher's vectors and nothing else: the second humbling baseline."""
    return Method({"image features": image_features(), "text features": text_features()})


def affinity_mimicking() -> Method:
    """TinyCLIP's affinities beside the contrastive loss."""
    return Method({"contrast": contrast(), "affinity": affinity()})


def balanced() -> Method:
    """Contrast, affinities and features together: the default of `limbeck distill`."""
    return Method(
        {
            "contrast": contrast(),
            "affinity": affinity(),
            "image features": image_features(),
            "text features": text_features(),
        }
    )

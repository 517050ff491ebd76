"""Published methods that need nothing but pairs and two towers: `limbeck compare --methods` holds them to your data.

What needs tokens, other stages or a network of its own is a recipe in `papers/`.
"""

from __future__ import annotations

from limbeck.core.part import Moving
from limbeck.core.recipe import Method
from limbeck.core.term import Ref, Term
from limbeck.objectives.affinity.affinity_mimicking import AffinityMimickingLoss
from limbeck.objectives.affinity.similarity_distribution_matching import SimilarityDistributionMatchingLoss
from limbeck.objectives.contrastive.alignment import AlignmentLoss
from limbeck.objectives.regulariser.uniformity import UniformityLoss
from limbeck.objectives.relation.rkd_angle import RKDAngleLoss
from limbeck.objectives.relation.rkd_distance import RKDDistanceLoss
from limbeck.recipes.bases import (
    IMAGE,
    SCALE,
    TEACHER_IMAGE,
    TEACHER_TEXT,
    TEXT,
    contrast,
    image_features,
    similarities,
)


def coherence() -> Method:
    """The teacher's pictures, their neighbours and their bond with its words (VLM-Distill-OOD, Li et al. 2023)."""
    terms = {
        "contrast": contrast(),
        "image features": image_features(),
        "image neighbours": similarities("image", weight=0.3, anchors=TEACHER_IMAGE),
        "image to words": similarities("image", weight=0.3, anchors=TEACHER_TEXT),
    }
    return Method(terms)


def relations() -> Method:
    """Contrast, and the teacher's distances and angles between rows (RKD, Park et al. 2019)."""
    terms = {"contrast": contrast()}
    for modality, teacher in (("image", TEACHER_IMAGE), ("text", TEACHER_TEXT)):
        inputs = {"student": Ref(f"student.{modality}"), "teacher": teacher}
        terms[f"{modality} distances"] = Term(RKDDistanceLoss(), inputs)
        terms[f"{modality} angles"] = Term(RKDAngleLoss(), inputs, 2.0)
    return Method(terms)


def closed_gap() -> Method:
    """Contrast with alignment and uniformity, within the modalities and across (Fahim et al. 2024)."""
    terms = {
        "contrast": contrast(),
        "alignment": Term(AlignmentLoss(), {"query": IMAGE, "key": TEXT}),
        "image uniformity": Term(UniformityLoss(), {"query": IMAGE}, 0.5),
        "text uniformity": Term(UniformityLoss(), {"query": TEXT}, 0.5),
        "cross uniformity": Term(UniformityLoss(), {"query": IMAGE, "key": TEXT}),
    }
    return Method(terms)


def group_matching() -> Method:
    """Similarities are distributed as groups of right answers are (IRRA's SDM, Jiang and Ye 2023)."""
    inputs = {"query": IMAGE, "key": TEXT, "target_group": Ref("target", "group")}
    return Method({"matching": Term(SimilarityDistributionMatchingLoss(0.05), inputs)})


def momentum() -> Method:
    """Contrast whose targets are in part those of the towers' own moving averages (ALBEF, Li et al. 2021)."""
    slow = {f"slow.{modality}": Moving(f"student.{modality}", decay=0.98) for modality in ("image", "text")}
    inputs = {
        "query": IMAGE,
        "key": TEXT,
        "scale": SCALE,
        "teacher_query": Ref("slow.image"),
        "teacher_key": Ref("slow.text"),
    }
    return Method({"contrast": contrast(0.6), "momentum": Term(AffinityMimickingLoss(0.07), inputs, 0.4)}, slow)

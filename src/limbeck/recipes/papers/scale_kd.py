"""ScaleKD: a vision transformer teaches a network of another kind (Fan et al. 2024)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Claim, Recipe
from limbeck.core.term import Ref, Term
from limbeck.layers.attention.cross_attention_projector import CrossAttentionProjector
from limbeck.layers.network.teacher_tail import TeacherTail
from limbeck.objectives.feature.dual_view import DualViewLoss
from limbeck.recipes.papers.scale_kd_baselines import RATE, WEIGHT, convolutional
from limbeck.recipes.setups.grid_digits import TAUGHT, TOKENS, WIDTH, soft


def scale_kd() -> Recipe:
    """Cross-attention projectors, two views of the tokens, and the teacher's own last layers."""
    statement = (
        "A convolutional student that a vision transformer teaches by cross-attention projection, two views of its "
        "tokens and its own parameters beats the student trained alone."
    )
    baselines = {"labels": "scale_kd_labels", "soft labels": "scale_kd_soft", "feature matching": "scale_kd_features"}
    return replace(_recipe("scale_kd"), claim=scale_kd_claim(statement, baselines))


def scale_kd_samples() -> Recipe:
    """The same with a quarter of the samples."""
    statement = (
        "It replaces longer training: taught on a quarter of the samples, the student is not worse than one alone."
    )
    baselines = {
        "labels, four times as long": "scale_kd_labels",
        "labels, a quarter": "scale_kd_labels_quarter",
        "feature matching, a quarter": "scale_kd_features_quarter",
    }
    claim = scale_kd_claim(statement, baselines)
    return replace(_recipe("scale_kd_samples", steps=50), claim=replace(claim, margin=0.005))


def _recipe(name: str, *, steps: int = 200) -> Recipe:
    parts = {
        "last": _projector("hidden.2", width=32, tokens=16),
        "early": _projector("hidden.1", width=16, tokens=64),
        "proxy": Part(TeacherTail(4), {"tokens": Ref("early", "tokens")}),
    }
    theirs = Ref("teacher.image", "tokens")
    terms = {"soft labels": soft()}
    for part in ("last", "proxy"):
        terms[part] = Term(DualViewLoss(0.6), {"student": Ref(part, "tokens"), "teacher": theirs}, WEIGHT)
    return convolutional(name, terms, parts, steps=steps)


def _projector(stage: str, *, width: int, tokens: int) -> Part:
    layer = CrossAttentionProjector(width, tokens=tokens, queries=TOKENS, width=WIDTH, inner=64)
    return Part(layer, {"student": Ref("student.image", stage)})


def scale_kd_claim(statement: str, baselines: dict[str, str]) -> Claim:
    """What all claims of the paper share."""
    return Claim(
        statement=statement,
        source="ScaleKD, Fan et al. 2024, arXiv 2411.06786",
        metric="accuracy",
        published="Swin-L to ResNet-50: 82.03 % (+3.39) top-1 on ImageNet; 195 times fewer samples than pre-training",
        baselines=baselines,
        setup=f"{TAUGHT} labels of a tenth; a ResNet of 22 k parameters, 200 steps of 128 pictures (`samples`: 50)",
        differs="digits instead of ImageNet; the teacher is trained here, and its richer pre-training is ten times the "
        "labels; the abstract gives no margin for size: five points; half a point for samples; "
        "one convolutional student: those that are MLPs and transformers (Mixer-S/16, ViT-S/16) are not run",
        tuning=f"none: learning rate {RATE} and weight {WEIGHT} for every arm, fixed beforehand",
    )

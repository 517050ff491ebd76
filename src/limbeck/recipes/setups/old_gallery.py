"""Two models of emoji: the new one's words ask for pictures that the old one has embedded."""

from __future__ import annotations

from limbeck.core.part import Part
from limbeck.core.recipe import Budget, DataSpec, Optimisation, Recipe, StageSpec
from limbeck.core.term import Ref, Term
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.layers.projector.mlp import MLPProjector
from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.objectives.feature.cosine import CosineLoss
from limbeck.surgery.add_lora import LoRASurgery
from limbeck.surgery.inherit_weights import InheritWeightsSurgery

BRIDGE, SCALE, PAIRS = Ref("bridge"), Ref("student.scale", "scale"), {"image+text": 96}
DATA = "emoji:size=32,skins=no,texts=400000,share=0.1"  # `share` thins texts too: 40,003 of them stay, beside 580 pairs


def texts(rate: float, *, steps: int = 300) -> StageSpec:
    """The bridge learns to say what the old model says of a text."""
    term = Term(CosineLoss(), {"student": BRIDGE, "teacher": Ref("old.text")})
    return StageSpec("texts", {"texts": term}, ("bridge",), Budget(steps, batch={"text": 256}), _adamw(rate))


def pairs(rate: float, *, steps: int = 100) -> StageSpec:
    """Bridge and low-rank changes learn to find the old model's pictures."""
    inputs = {"query": BRIDGE, "key": Ref("old.image"), "scale": SCALE, "target_group": Ref("target", "group")}
    trains = ("bridge", "student.scale", "student.text")
    terms = {"pairs": Term(InfoNCELoss(), inputs)}
    return StageSpec("pairs", terms, trains, Budget(steps, batch=PAIRS), _adamw(rate))


def old_gallery(name: str, *stages: StageSpec, asks: Ref = BRIDGE) -> Recipe:
    """The old model's pictures, asked for by `asks`."""
    layer = MLPProjector(128, hidden=256, width=128)
    return Recipe(
        name,
        DataSpec(DATA),
        "vit-xm",
        stages,
        teacher="recipe:large_clip",
        teachers={"old": "recipe:small_clip"},
        evaluators=(RetrievalEvaluator((1, 5)),),
        parts={"bridge": Part(layer, {"x": Ref("student.text")})},
        answers={"image": Ref("old.image"), "text": asks},
        surgeries=(InheritWeightsSurgery(), LoRASurgery()),
    )


def _adamw(rate: float) -> Optimisation:
    return Optimisation(learning_rate=rate, weight_decay=0.05)

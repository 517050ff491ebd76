"""XBT: a new model asks an old gallery (Jang and Lim 2024)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Budget, Claim, DataSpec, Optimisation, Recipe, StageSpec
from limbeck.core.term import Ref, Term
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.layers.projector.mlp import MLPProjector
from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.objectives.feature.cosine import CosineLoss
from limbeck.recipes.setups.emoji_pairs import RATES
from limbeck.surgery.add_lora import LoRASurgery
from limbeck.surgery.inherit_weights import InheritWeightsSurgery

BRIDGE, SCALE = Ref("bridge"), Ref("student.scale", "scale")


def xbt() -> Recipe:
    """A bridge from texts alone, then few pairs with low-rank changes of the new model."""
    claim = Claim(
        statement="A projector pretrained on text alone lets a new model search an old gallery after few pairs.",
        source="XBT, Jang and Lim 2024, arXiv 2405.14715",
        metric="text->image MRR",
        published="significantly fewer image-text pairs, no backfilling (the abstract gives no figure)",
        baselines={"pairs alone": "xbt_pairs", "text alone": "xbt_text"},
        setup="emoji, 32 px; old model vit-xs after 200 steps, new model vit-xm after 900; the new model's words ask "
        "for pictures that the old one embedded; 300 steps of 256 texts, then 100 of 96 pairs of a tenth of concepts",
        differs="models trained here, on the pairs of all concepts; LoRA only; queries are texts; text "
        "alone is plain feature matching; no arm without a teacher: the old model's gallery is what is searched",
        tuning=RATES + "; pairs alone has 400 steps on them",
    )
    return replace(_recipe("xbt", _texts(1e-3), _pairs(1e-3)), claim=claim)


def xbt_pairs() -> Recipe:
    """The same bridge from the few pairs alone, for all steps."""
    return _recipe("xbt_pairs", _pairs(1e-3, steps=400))


def xbt_text() -> Recipe:
    """The bridge from texts alone, for all steps."""
    return _recipe("xbt_text", _texts(4e-3, steps=400))


def _texts(rate: float, *, steps: int = 300) -> StageSpec:
    term = Term(CosineLoss(), {"student": BRIDGE, "teacher": Ref("old.text")})
    return StageSpec("texts", {"texts": term}, ("bridge",), Budget(steps, batch={"text": 256}), _adamw(rate))


def _pairs(rate: float, *, steps: int = 100) -> StageSpec:
    inputs = {"query": BRIDGE, "key": Ref("old.image"), "scale": SCALE, "target_group": Ref("target", "group")}
    trains = ("bridge", "student.scale", "student.text")
    budget = Budget(steps, batch={"image+text": 96})
    return StageSpec("pairs", {"pairs": Term(InfoNCELoss(), inputs)}, trains, budget, _adamw(rate))


def _adamw(rate: float) -> Optimisation:
    return Optimisation(learning_rate=rate, weight_decay=0.05)


def _recipe(name: str, *stages: StageSpec) -> Recipe:
    layer = MLPProjector(128, hidden=256, width=128)
    return Recipe(
        name,
        DataSpec("emoji:size=32,skins=no,texts=40000,share=0.1"),
        "vit-xm",
        stages,
        teacher="recipe:large_clip",
        teachers={"old": "recipe:small_clip"},
        evaluators=(RetrievalEvaluator((1, 5)),),
        parts={"bridge": Part(layer, {"x": Ref("student.text")})},
        answers={"image": Ref("old.image"), "text": BRIDGE},
        surgeries=(InheritWeightsSurgery(), LoRASurgery()),
    )

"""Emoji of two vendors with a real teacher, EfficientNet-Lite0 and MiniLM: a picture tower read by its words."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.core.part import Part
from limbeck.core.recipe import Budget, DataSpec, Optimisation, Recipe, StageSpec
from limbeck.core.term import Ref, Term
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.heads.linear import LinearHead
from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.objectives.feature.cosine import CosineLoss
from limbeck.recipes.distillation import alignment
from limbeck.recipes.setups.emoji_pairs import emoji_pairs, pairs_only

METRIC, ROWS = "image->text MRR", 96
TUNING = "three trials for every arm on validation, seed 100: learning rate 2e-3, 4e-3 and 8e-3"
IMAGE, THEIRS, WORDS = Ref("student.image"), Ref("teacher.image"), Ref("teacher.text")
VENDORS = "emoji:size=32,skins=no,train=google+twitter,test="
SAME, SHIFTED = VENDORS + "google+twitter", VENDORS + "apple"
UNTAUGHT = (
    "no teacher is both towers of resnet-xs, vectors of its own 128 instead of 256, from the pairs; its own words name "
    "the pictures"
)
SETUP = (
    "emoji by Google and Twitter, 32 px; teacher EfficientNet-Lite0 and MiniLM, aligned on the same pairs; student the "
    "picture tower of resnet-xs, read by the teacher's words, 200 steps of 96"
)


def like(student: Ref = IMAGE, teacher: Ref = THEIRS, weight: float = 1.0) -> Term:
    """Point where the teacher points."""
    return Term(CosineLoss(), {"student": student, "teacher": teacher}, weight)


def words() -> dict[str, Part]:
    """A linear map of the teacher's words, for a student that is not in its space."""
    return {"words": Part(LinearHead(256, width=256), {"x": WORDS})}


def named() -> Term:
    """Contrast between pictures and those words."""
    return Term(InfoNCELoss(), {"query": IMAGE, "key": Ref("words"), "scale": Ref("student.scale", "scale")})


def stage(
    name: str, terms: Mapping[str, Term], *trains: str, steps: int = 200, learning_rate: float = 4e-3
) -> StageSpec:
    """AdamW on batches of pairs; the words are read by the teacher only."""
    budget = Budget(steps, batch={"image+text": ROWS})
    return StageSpec(name, terms, trains, budget, Optimisation(learning_rate=learning_rate, weight_decay=0.05))


def taught_emoji(
    name: str,
    *stages: StageSpec,
    parts: Mapping[str, Part] | None = None,
    data: str = SAME,
    image: Ref = IMAGE,
    text: Ref = WORDS,
) -> Recipe:
    """Stages over emoji; pictures of concepts that were never seen are named by the teacher's words for them."""
    return Recipe(
        name,
        DataSpec(data, precision="bf16"),
        "resnet-xs",
        stages,
        teacher="icons",
        align=alignment(steps=120, batch=512, learning_rate=1e-3, dropout=0.3),
        evaluators=(RetrievalEvaluator((1, 5)),),
        parts=parts or {},
        answers={"image": image, "text": text},
    )


def untaught_emoji(name: str, *, data: str = SAME, steps: int = 200) -> Recipe:
    """Both towers of that student from the pairs alone, pictures named by its own words."""
    return emoji_pairs(name, pairs_only(), data=data, student="resnet-xs", steps=steps, learning_rate=2e-3)

"""Emoji with their names, 32 px, and a student from scratch: what claims about image-text pairs run on."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.core.evaluator import Evaluator
from limbeck.core.recipe import Budget, DataSpec, Method, Optimisation, Recipe, StageSpec
from limbeck.core.term import Ref, Term
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.objectives.contrastive.info_nce import InfoNCELoss

EMOJI = "emoji:size=32,skins=no"
METRIC = "image<->text MRR"
SETUP = "emoji of four vendors with names and tags, 32 px, vit-xs from scratch, 200 steps of 96 pairs"
TRIALS = "nine trials for every arm on validation, seed 100: learning rate 1e-3, 2e-3 and 4e-3, each with "
RATES = "three trials for every arm on validation, seed 100: learning rate 1e-3, 2e-3 and 4e-3"
TUNING = TRIALS + "weight decay 0.05, 0.2 and 0.5"
IMAGE, TEXT = Ref("student.image"), Ref("student.text")
SCALE, GROUP = Ref("student.scale", "scale"), Ref("target", "group")
PATCHES, WORDS, REAL = Ref("student.image", "tokens"), Ref("student.text", "tokens"), Ref("student.text", "mask")


def contrast(image: Ref = IMAGE, text: Ref = TEXT, *, weight: float = 1.0) -> Term:
    """InfoNCE in which the drawings of one emoji by several vendors are not wrong answers for one another."""
    inputs = {"query": image, "key": text, "scale": SCALE, "target_group": GROUP}
    return Term(InfoNCELoss(), inputs, weight)


def pairs_only(*, weight: float = 1.0) -> Method:
    """Both towers from the pairs alone, pooled vectors and InfoNCE: the baseline that most papers have."""
    return Method({"contrast": contrast(weight=weight)})


def emoji_pairs(
    name: str,
    method: Method,
    *,
    data: str = EMOJI,
    student: str = "vit-xs",
    steps: int = 200,
    rows: int = 96,
    learning_rate: float = 2e-3,
    weight_decay: float = 0.05,
    teacher: str | None = None,
    answers: Mapping[str, Ref] | None = None,
    evaluators: tuple[Evaluator, ...] = (RetrievalEvaluator((1, 5)),),
) -> Recipe:
    """One stage that trains a small student on the emoji by a method, the last weights kept."""
    return Recipe(
        name=name,
        data=DataSpec(data),
        student=student,
        stages=(pair_stage(method, steps=steps, rows=rows, learning_rate=learning_rate, weight_decay=weight_decay),),
        teacher=teacher,
        evaluators=evaluators,
        parts=method.parts,
        answers=answers or {},
    )


def pair_stage(
    method: Method,
    *,
    name: str = "student",
    steps: int = 200,
    rows: int = 96,
    learning_rate: float = 2e-3,
    weight_decay: float = 0.05,
) -> StageSpec:
    """A stage over complete pairs that trains what the method trains."""
    return StageSpec(
        name=name,
        terms=method.terms,
        trains=method.trains(),
        budget=Budget(steps, batch={"image+text": rows}),
        optimisation=Optimisation(learning_rate=learning_rate, weight_decay=weight_decay),
    )

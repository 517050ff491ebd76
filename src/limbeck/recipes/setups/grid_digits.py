"""Digits at 32 px for claims about maps of tokens: a ViT that saw every label, students that have a tenth of them."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.core.part import Part
from limbeck.core.recipe import Budget, DataSpec, Optimisation, Recipe, StageSpec
from limbeck.core.surgery import Surgery
from limbeck.core.term import Ref, Term
from limbeck.evaluation.classification import ClassificationEvaluator
from limbeck.heads.linear import LinearHead
from limbeck.objectives.logit.cross_entropy import CrossEntropyLoss
from limbeck.objectives.logit.kd import KDLoss

TOKENS, WIDTH, TEACHER = 17, 96, "recipe:digits_teacher"
FEW, ALL = "digits:size=32,labels=0.1", "digits:size=32"
SCORES, LABEL, POOLED = Ref("classes"), Ref("target", "label"), Ref("student.image")
TAUGHT = "digits at 32 px; the teacher, a ViT of 6 layers and width 96, learnt all training labels; the student has"


def labels() -> Term:
    """Cross-entropy of the class scores."""
    return Term(CrossEntropyLoss(), {"logits": SCORES, "target_label": LABEL})


def soft() -> Term:
    """The teacher's class probabilities."""
    return Term(KDLoss(1.0), {"student": SCORES, "teacher": Ref("teacher.image")})


def classes(width: int, features: Ref = POOLED) -> dict[str, Part]:
    """A linear classifier over the student's pooled features."""
    return {"classes": Part(LinearHead(width, width=10), {"x": features})}


def stage(
    name: str, terms: Mapping[str, Term], trains: tuple[str, ...], *, steps: int = 200, learning_rate: float = 4e-3
) -> StageSpec:
    """AdamW on batches of 128 pictures."""
    optimisation = Optimisation(learning_rate=learning_rate, weight_decay=0.01, precision="fp32")
    return StageSpec(name, terms, trains, Budget(steps, batch={"image": 128}), optimisation)


def grid_digits(
    name: str,
    *stages: StageSpec,
    parts: Mapping[str, Part],
    student: str,
    data: str = FEW,
    teacher: str | None = TEACHER,
    surgeries: tuple[Surgery, ...] = (),
) -> Recipe:
    """Stages over digits; the class scores are the answer."""
    return Recipe(
        name,
        DataSpec(data),
        student,
        stages,
        teacher,
        evaluators=(ClassificationEvaluator(),),
        parts=parts,
        answers={"image": SCORES},
        surgeries=surgeries,
    )


def digits_teacher() -> Recipe:
    """The teacher of the claims on this set-up."""
    train = stage("student", {"labels": labels()}, ("classes", "student.image"), steps=500, learning_rate=1e-3)
    return grid_digits("digits_teacher", train, parts=classes(WIDTH), student="vit-image-m", data=ALL, teacher=None)

"""Digits: a small MLP, and a larger one, a part over the same pixels that is trained first in the run, to teach it."""

from __future__ import annotations

from collections.abc import Mapping

from limbeck.core.part import Part
from limbeck.core.recipe import Budget, Claim, DataSpec, Optimisation, Recipe, StageSpec
from limbeck.core.term import Ref, Term
from limbeck.evaluation.classification import ClassificationEvaluator
from limbeck.heads.linear import LinearHead
from limbeck.layers.labels.label_split import LabelSplit
from limbeck.layers.network.patch_tokens import PatchTokens
from limbeck.layers.projector.mlp import MLPProjector
from limbeck.objectives.logit.cross_entropy import CrossEntropyLoss
from limbeck.objectives.logit.kd import KDLoss

CLASSES, WIDTH, STEPS = 10, 32, 200
PIXELS, LABEL, PICTURE = Ref("student.image", "pixels"), Ref("target", "label"), Ref("picture")
FEATURES, SCORES, STUDENT = Ref("student.image"), Ref("classes"), ("classes", "student.image")
MENTOR_FEATURES, MENTOR = Ref("mentor.features"), Ref("mentor")
THEIRS, OURS = Ref("split", "first"), Ref("split", "second")
SPLIT = (
    "digits of 8 x 8 pixels; the teacher learnt the labels of 80 % of the 1,053 training rows, the student has those "
    "of the other 20 % and sees all pictures; MLP of 15 k parameters, 200 steps of 128 rows (chosen because a teacher "
    "with the same few labels was hardly better than the student)"
)


def claim(
    *,
    statement: str,
    source: str,
    published: str,
    baselines: Mapping[str, str],
    differs: str,
    setup: str = SPLIT,
    tuning: str = "learning rate of the student 3e-3, 1e-2 and 3e-2 for every arm on validation, seed 100",
) -> Claim:
    """A claim about accuracy."""
    return Claim(
        statement, source, "accuracy", published, baselines=baselines, setup=setup, differs=differs, tuning=tuning
    )


def labels(scores: Ref = SCORES, *, label: Ref = OURS, weight: float = 1.0) -> Term:
    """Cross-entropy of class scores on the rows whose label may be known."""
    return Term(CrossEntropyLoss(), {"logits": scores, "target_label": label}, weight)


def soft_labels(student: Ref = SCORES, teacher: Ref = MENTOR, *, temperature: float = 4.0, weight: float = 1.0) -> Term:
    """Ordinary distillation."""
    return Term(KDLoss(temperature), {"student": student, "teacher": teacher}, weight)


def base(theirs: float = 0.8, ours: float = 0.2) -> dict[str, Part]:
    """The picture as one vector of 64 grey pixels, and who knows which label."""
    split = Part(LabelSplit(theirs, second=ours), {"pixels": PIXELS, "label": LABEL})
    return {"picture": Part(PatchTokens(8), {"pixels": PIXELS}), "split": split}


def mentor() -> dict[str, Part]:
    """A teacher of 25 k parameters whose features are as wide as the student's."""
    features = Part(MLPProjector(64, hidden=256, width=WIDTH), {"x": PICTURE})
    return {"mentor.features": features, "mentor": Part(LinearHead(WIDTH, width=CLASSES), {"x": MENTOR_FEATURES})}


def stage(
    name: str, terms: Mapping[str, Term], trains: tuple[str, ...], *, steps: int = STEPS, learning_rate: float = 3e-3
) -> StageSpec:
    """AdamW on batches of 128 pictures."""
    optimisation = Optimisation(learning_rate=learning_rate, weight_decay=0.01, precision="fp32")
    return StageSpec(name, terms, trains, Budget(steps, batch={"image": 128}), optimisation)


def digits(name: str, *stages: StageSpec, parts: Mapping[str, Part], answer: Ref = SCORES) -> Recipe:
    """The recipe; the student's tower has a head, unless something else gives the answer."""
    head = {"classes": Part(LinearHead(WIDTH, width=CLASSES), {"x": FEATURES})} if answer == SCORES else {}
    given = {"parts": head | dict(parts), "answers": {"image": answer}, "evaluators": (ClassificationEvaluator(),)}
    return Recipe(name, DataSpec("digits"), "mlp-image-s", stages, **given)  # type: ignore[arg-type]

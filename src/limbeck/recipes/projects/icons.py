"""The demo: find an icon by meaning, with a student small enough for a web page.

Teacher: EfficientNet-Lite0 and MiniLM, frozen, aligned by two projectors (catalogue row 359). Student: both towers from
scratch. The settings were chosen on the validation icons; `docs/lab/icons-demo.md` says how.
"""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Budget, DataSpec, Method, Optimisation, Recipe, StageSpec
from limbeck.core.term import Ref, Term
from limbeck.data.augmentation.caption_subset import CaptionSubset
from limbeck.data.augmentation.random_affine import RandomAffine
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.objectives.affinity.similarity_distribution_kl import SimilarityDistributionKLLoss
from limbeck.recipes.bases import contrast, feature_matching, image_features, no_teacher, text_features
from limbeck.recipes.distillation import alignment

STEPS = 300
PAIRS, PICTURES, WORDS = 256, 32, 256
DRAWS = 6


def icons() -> Recipe:
    """Words first, without pictures; then both towers by contrast, features and the teacher's similarities."""
    method = Method(
        {
            "contrast": contrast(),
            "image features": image_features(),
            "text features": text_features(),
            "image similarities": _similarities("image", teacher_key=Ref("teacher.text")),
        }
    )
    joint = _joint(method, {"image+text": PAIRS, "image": PICTURES, "text": WORDS})
    return _recipe("icons", _words(), joint)


def icons_feature_matching() -> Recipe:
    """The same student, rows and stages by matching the teacher's vectors and nothing else."""
    joint = _joint(feature_matching(), {"image+text": PAIRS, "image": PICTURES, "text": WORDS})
    words = replace(_words(), terms={"text features": text_features()})
    return _recipe("icons_feature_matching", words, joint)


def icons_no_teacher() -> Recipe:
    """The same student from the pairs alone."""
    recipe = _recipe("icons_no_teacher", _joint(no_teacher(), {"image+text": PAIRS}))
    return replace(recipe, teacher=None, align=None)


def _recipe(name: str, *stages: StageSpec) -> Recipe:
    augmentations = (RandomAffine(), CaptionSubset())
    data = DataSpec(
        "icons", draws={"image+text": DRAWS, "image": DRAWS}, augmentations=augmentations, precision="bf16"
    )
    align = alignment(steps=120, batch=512, learning_rate=1e-3, dropout=0.3)
    evaluators = (RetrievalEvaluator(),)
    return Recipe(name, data, "conv-s", stages, teacher="icons", align=align, evaluators=evaluators)


def _words() -> StageSpec:
    """The text tower learns the teacher's space from words and phrases that no picture shows."""
    terms = {"text features": text_features(), "text similarities": replace(_similarities("text"), weight=0.3)}
    return StageSpec(
        name="words",
        terms=terms,
        trains=("student.text",),
        budget=Budget(500, batch={"text": 1024}, evaluate_every=125, save_every=250),
        optimisation=Optimisation(learning_rate=3e-3, weight_decay=0.01, precision="bf16"),
    )


def _joint(method: Method, batch: dict[str, int]) -> StageSpec:
    return StageSpec(
        name="student",
        terms=method.terms,
        trains=method.trains(),
        budget=Budget(STEPS, batch=batch, evaluate_every=STEPS // 10, save_every=STEPS // 2),
        optimisation=Optimisation(learning_rate=2e-3, weight_decay=0.05, ema=0.98, precision="bf16"),
    )


def _similarities(modality: str, *, teacher_key: Ref | None = None) -> Term:
    """KL between the teacher's and the student's similarities to other rows, or to the teacher's other modality."""
    inputs = {"student": Ref(f"student.{modality}"), "teacher": Ref(f"teacher.{modality}")}
    if teacher_key is not None:
        inputs["teacher_key"] = teacher_key
    return Term(SimilarityDistributionKLLoss(temperature=0.07, teacher_temperature=0.07), inputs)

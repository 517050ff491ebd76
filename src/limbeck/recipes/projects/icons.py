"""The demo: find an icon by meaning, with a student small enough for a web page.

Teacher: EfficientNet-Lite0 and MiniLM, aligned by two projectors (catalogue row 359). Student: from scratch. Settings
were chosen on the validation icons; `docs/lab/icons-demo.md` says how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from limbeck.core.recipe import Budget, DataSpec, Optimisation, Recipe, StageSpec
from limbeck.core.term import Ref, Term
from limbeck.data.augmentation.caption_subset import CaptionSubset
from limbeck.data.augmentation.random_affine import RandomAffine
from limbeck.data.augmentation.random_shift import RandomShift
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.recipes.bases import contrast, image_features, no_teacher, similarities, text_features
from limbeck.recipes.distillation import alignment

WORD_STEPS, STEPS = 400, 420
BATCH = {"image+text": 224, "image": 96}
DRAWS = {"image+text": 8, "image": 8}


def icons() -> Recipe:
    """Words first, by features; then pictures, by features and by their similarities to the teacher's captions."""
    similar = similarities("image", weight=0.3, anchors=Ref("teacher.text"))
    terms = {"image features": image_features(), "image similarities": similar, "contrast": contrast(0.3)}
    return _recipe("icons", _words(), _pictures(terms))


def icons_feature_matching() -> Recipe:
    """The same student, rows and stages by matching the teacher's vectors and nothing else."""
    return _recipe("icons_feature_matching", _words(), _pictures({"image features": image_features()}))


def icons_no_teacher() -> Recipe:
    """The same student from the pairs alone, for as many steps as the other arms see pairs."""
    pairs = {"image+text": BATCH["image+text"]}
    stage = _stage("student", no_teacher().terms, STEPS, pairs, learning_rate=2e-3, weight_decay=0.2, optimizer="muon")
    return replace(_recipe("icons_no_teacher", stage), teacher=None, align=None)


def _recipe(name: str, *stages: StageSpec) -> Recipe:
    augmentations = (RandomAffine(), CaptionSubset())
    data = DataSpec("icons", draws=DRAWS, augmentations=augmentations, jitters=(RandomShift(4),), precision="bf16")
    align = alignment(steps=120, batch=512, learning_rate=1e-3, dropout=0.3)
    return Recipe(name, data, "resnet-s", stages, teacher="icons", align=align, evaluators=(RetrievalEvaluator(),))


def _words() -> StageSpec:
    """The text tower learns the teacher's space without a picture; similarities of words made it worse."""
    terms = {"text features": text_features()}
    return _stage("words", terms, WORD_STEPS, {"text": 1024}, learning_rate=3e-3, weight_decay=0.01)


def _pictures(terms: Mapping[str, Term]) -> StageSpec:
    """The image tower learns the same space; the text tower has learnt it and stays as it is."""
    stage = _stage("pictures", terms, STEPS, BATCH, learning_rate=4e-3, weight_decay=0.2, optimizer="muon")
    return replace(stage, trains=tuple(name for name in stage.trains if name != "student.text"))


def _stage(
    name: str,
    terms: Mapping[str, Term],
    steps: int,
    batch: dict[str, int],
    *,
    learning_rate: float,
    weight_decay: float,
    optimizer: str = "adamw",
) -> StageSpec:
    """Muon where a picture tower learns from scratch: in as many steps it gets further."""
    trains = tuple(sorted({r.producer for t in terms.values() for r in t.inputs.values() if "student" in r.producer}))
    budget = Budget(steps, batch=batch, evaluate_every=100, patience=3, save_every=200)
    optimisation = Optimisation(learning_rate, weight_decay, precision="bf16", optimizer=optimizer)
    return StageSpec(name, terms, trains, budget, optimisation)

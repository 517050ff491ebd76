"""The demo: find an icon by meaning, with a student small enough for a web page.

Teacher: EfficientNet-Lite0 and MiniLM, frozen, aligned by two projectors (catalogue row 359). Student: both towers from
scratch. The settings were chosen on the validation icons; `docs/lab/icons-demo.md` says how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from limbeck.core.recipe import AlignSpec, Budget, DataSpec, Method, Optimisation, Recipe, StageSpec
from limbeck.core.term import Term
from limbeck.data.augmentation.caption_subset import CaptionSubset
from limbeck.data.augmentation.random_affine import RandomAffine
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.recipes.bases import balanced, feature_matching, no_teacher
from limbeck.recipes.distillation import alignment

STEPS = 400
EVERY_KIND = {"image+text": 256, "image": 64, "text": 512}


def icons() -> Recipe:
    """Contrast, affinities and features together, with unlabelled pictures and words."""
    return _arm("icons", balanced(), batch=EVERY_KIND)


def icons_no_teacher() -> Recipe:
    """The same student from the pairs alone."""
    pairs = {"image+text": EVERY_KIND["image+text"]}
    return replace(_arm("icons_no_teacher", no_teacher(), batch=pairs), teacher=None, align=None)


def icons_feature_matching() -> Recipe:
    """The same student by matching the teacher's vectors and nothing else."""
    return _arm("icons_feature_matching", feature_matching(), batch=EVERY_KIND)


def _arm(name: str, method: Method, *, batch: dict[str, int]) -> Recipe:
    stage = StageSpec(
        name="student",
        terms=method.terms,
        trains=_trained(method.terms),
        budget=Budget(STEPS, batch=batch, evaluate_every=STEPS // 10, save_every=STEPS // 4),
        optimisation=Optimisation(learning_rate=2e-3, weight_decay=0.1, ema=0.99),
    )
    return Recipe(
        name=name,
        data=DataSpec("icons", draws={"image+text": 8, "image": 8}, augmentations=(RandomAffine(), CaptionSubset())),
        student="conv-s",
        stages=(stage,),
        teacher="icons",
        align=_align(),
        evaluators=(RetrievalEvaluator(),),
    )


def _align() -> AlignSpec:
    return alignment(steps=100, batch=512, learning_rate=1e-3, dropout=0.3)


def _trained(terms: Mapping[str, Term]) -> tuple[str, ...]:
    used = {ref.producer for term in terms.values() for ref in term.inputs.values()}
    return tuple(name for name in ("student.image", "student.text", "student.scale") if name in used)

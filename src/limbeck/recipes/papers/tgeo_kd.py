"""TGeo-KD: how much of the teacher each row gets is learnt (Hu et al. 2023)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Recipe
from limbeck.core.term import Ref, Term
from limbeck.layers.network.held import Held
from limbeck.layers.prototype.class_mean import ClassMean
from limbeck.layers.weighting.fusion_ratio import FusionRatio
from limbeck.objectives.logit.knowledge_fusion import KnowledgeFusionLoss
from limbeck.objectives.logit.lookahead_ratio import LookaheadRatioLoss
from limbeck.recipes.setups.digits import CLASSES, FEATURES, LABEL, MENTOR, SCORES, claim, labels, soft_labels
from limbeck.recipes.setups.hinted_digits import MATCHED, hinted
from limbeck.recipes.setups.taught_digits import taught, untaught

FEW, MOST, BOTH = 0.05, 0.95, {"teacher": MENTOR, "target_label": LABEL}


def tgeo_kd() -> Recipe:
    """A ratio a row, from the triangle of student, teacher and truth."""
    says = claim(
        statement="A learnt ratio for every row beats one above 0 for all rows (ratio 0 is the arm `no teacher`).",
        source="Hu et al. 2023, arXiv 2312.15112",
        published="abstract gives no figure: consistent improvements over other re-weighting methods",
        baselines={
            "one ratio": "tgeo_kd_one_ratio",
            "teacher alone": "tgeo_kd_teacher",
            "no teacher": "tgeo_kd_untaught",
            "feature matching": "tgeo_kd_features",
        },
        setup="digits of 8 x 8 pixels; the teacher saw the labels of a twentieth of the 1,053 training rows and is "
        "often wrong, the student's are all there; MLP of 15 k parameters, 200 steps of 128 rows, T = 4",
        differs="digits instead of CIFAR and ImageNet; neither attack detection nor click-through rate; other ways to "
        "weigh each row are not run; the outer level looks one step ahead in the last layer, on the other rows of the "
        "batch; ratio 0, labels alone, is the arm `no teacher`, and decides nothing; " + MATCHED,
        tuning="nine trials an arm on validation, seed 100: learning rate of the student 3e-3, 1e-2, 3e-2, each with "
        "ratio 0.25 (0.915, 0.926, 0.936), 0.5 (0.824, 0.846, 0.867), 0.75 (0.798, 0.809, 0.814) of one ratio; hidden "
        "width 8 (0.867, 0.931, 0.894), 32 (0.894, 0.899, 0.899), 128 (0.926, 0.920, 0.899) of the method's network; "
        "weight decay 1e-3, 1e-2, 0.1 of no teacher (0.968, 0.973, 0.979; 0.968, 0.973, 0.957; 0.968, 0.973, 0.973), "
        "of teacher alone (0.750 to 0.761) and of feature matching (0.963 to 0.968)",
    )
    triangle = {"student": SCORES, "teacher": MENTOR, "average": Ref("usual"), "label": LABEL}
    parts = {
        "usual": Part(ClassMean(CLASSES, classes=CLASSES), {"features": MENTOR, "label": LABEL}),
        "ratio": Part(FusionRatio(CLASSES, hidden=8), triangle),
        "held": Part(Held(), {"x": FEATURES}),
    }
    ahead = {"ratio": Ref("ratio"), "target_logits": SCORES, "target_features": Ref("held"), **BOTH}
    mixed = {"student": SCORES, "ratio": Ref("ratio", "held"), **BOTH}
    terms = {"mixed": Term(KnowledgeFusionLoss(4.0), mixed), "ratio": Term(LookaheadRatioLoss(4.0), ahead)}
    return replace(taught("tgeo_kd", terms, parts=parts, learning_rate=1e-2, theirs=FEW, ours=MOST), claim=says)


def tgeo_kd_one_ratio() -> Recipe:
    """A quarter teacher, the rest label, for every row."""
    terms = {"labels": labels(label=LABEL, weight=0.75), "teacher": soft_labels(weight=0.25)}
    return taught("tgeo_kd_one_ratio", terms, learning_rate=3e-2, theirs=FEW, ours=MOST)


def tgeo_kd_teacher() -> Recipe:
    """The teacher alone."""
    return _decayed(taught("tgeo_kd_teacher", {"teacher": soft_labels()}, learning_rate=3e-2, theirs=FEW, ours=MOST))


def tgeo_kd_features() -> Recipe:
    """All labels, and the features of the teacher that is often wrong."""
    return hinted("tgeo_kd_features", learning_rate=1e-2, theirs=FEW, ours=MOST, label=LABEL)


def tgeo_kd_untaught() -> Recipe:
    """Labels alone."""
    return _decayed(untaught("tgeo_kd_untaught", learning_rate=3e-2, theirs=0.0, ours=1.0))


def _decayed(recipe: Recipe) -> Recipe:
    *first, last = recipe.stages
    return replace(recipe, stages=(*first, replace(last, optimisation=replace(last.optimisation, weight_decay=1e-3))))

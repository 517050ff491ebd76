"""DCD: a fusion encoder picks the wrong pairs that a dual encoder learns from, for as long as they are hard."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Claim, Recipe
from limbeck.core.term import Ref
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.evaluation.similarities.all_pairs import AllPairsSimilarity
from limbeck.objectives.affinity.dynamic_contrastive import DynamicContrastiveLoss
from limbeck.recipes.setups.emoji_pairs import METRIC, TRIALS, emoji_pairs, pairs_only
from limbeck.recipes.setups.fusion_lessons import fusion_lessons
from limbeck.recipes.setups.fusion_teacher import DATA, EXPERT, ROWS, fusion, fusion_stage, taught_by_fusion

RATE, NEGATIVES, WEIGHT = 1e-3, 7, 1.0


def dcd() -> Recipe:
    """Scores over the teacher's hardest wrong pairs, weighed by the student's doubt, and both attention maps."""
    claim = Claim(
        statement="Wrong pairs that a fusion teacher picks, weighed dynamically, teach better than random static ones.",
        source="DCD, Rao et al. 2022, arXiv 2207.01426; attention maps: DiDE, Wang et al. 2021, arXiv 2112.08723",
        metric=METRIC,
        published="abstract: inference at least 129 times faster (measured by dcd_speed); no figure for quality",
        baselines={
            "random static negatives": "dcd_random",
            "no teacher": "dcd_no_teacher",
            "fusion teacher itself": "dcd_teacher",
        },
        setup="emoji of one vendor with their names; teacher: co-attention over patches of EfficientNet-Lite0 and "
        "words of MiniLM, 150 steps of 32 pairs; student: vit-xs, 200 steps of 32 pairs, 7 negatives a direction; "
        "the quality that the student gives up is the paired difference to the arm `fusion teacher itself`",
        differs="the student is a dual encoder instead of a smaller fusion encoder; the loss is written from the "
        "abstract and weighs by the student's entropy; 1,482 pairs instead of COCO and Flickr30K; "
        "no feature matching: the teacher reads pairs and has no vector of one picture or caption to be matched",
        tuning=TRIALS + "weight 1, 3 and 10 of the scores, or weight decay 0.05, 0.2 and 0.5 of no teacher and of the "
        "fusion teacher",
        also=("image<->text R@1",),
    )
    method = fusion_lessons(DynamicContrastiveLoss(NEGATIVES), weight=WEIGHT)
    return replace(taught_by_fusion("dcd", method, learning_rate=RATE), claim=claim)


def dcd_random() -> Recipe:
    """As many wrong pairs, drawn blindly, all of one weight."""
    method = fusion_lessons(DynamicContrastiveLoss(NEGATIVES, blind=True), weight=WEIGHT)
    return taught_by_fusion("dcd_random", method, learning_rate=RATE)


def dcd_no_teacher() -> Recipe:
    """The student from the pairs alone."""
    return emoji_pairs("dcd_no_teacher", pairs_only(), data=DATA, rows=ROWS, learning_rate=RATE, weight_decay=0.2)


def dcd_teacher() -> Recipe:
    """The fusion encoder, which reads every pair: what quality is to be kept."""
    similarity = AllPairsSimilarity("fusion")
    evaluators = (RetrievalEvaluator((1, 5), similarity=similarity),)
    recipe = emoji_pairs("dcd_teacher", pairs_only(), data=DATA, evaluators=evaluators)
    answers = {"image": Ref("expert.patches"), "text": Ref("expert.words")}
    return replace(recipe, stages=(fusion_stage(),), parts=fusion(), teachers=EXPERT, answers=answers)

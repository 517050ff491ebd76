"""The contrastive gap: what uniformity and alignment terms do to zero-shot classification."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Claim, Method, Recipe
from limbeck.evaluation.prompts import Prompts
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.evaluation.zero_shot import ZeroShotEvaluator
from limbeck.recipes.published import closed_gap
from limbeck.recipes.setups.emoji_pairs import METRIC, SETUP, TUNING, contrast, emoji_pairs, pairs_only

RATE, CLIP_RATE, CLIP_DECAY = 2e-3, 4e-3, 0.5
CLASSES = (
    "activity",
    "animal nature",
    "flag",
    "food drink",
    "object",
    "people body",
    "smiley",
    "symbol",
    "travel place",
)
SOURCE = "Fahim et al. 2024, arXiv 2405.18570"
DIFFERS = "from scratch on 1,482 concepts instead of fine-tuning CLIP on MS COCO; learned temperature"


def _spread() -> Method:
    """The CLIP loss with alignment, uniformity in each modality, and uniformity across (L_CUAXU)."""
    return Method({**closed_gap().terms, "contrast": contrast()})


def contrastive_gap_zero_shot() -> Recipe:
    """The terms, for what they do to zero-shot classification."""
    claim = Claim(
        statement="Uniformity and alignment terms improve zero-shot classification.",
        source=SOURCE,
        metric="zero-shot top-1",
        published="abstract gives no figure",
        baselines={"CLIP loss": "contrastive_gap_clip"},
        setup=SETUP + "; all terms weigh 1; nine classes by their names",
        differs=DIFFERS,
        tuning=TUNING,
        also=(METRIC,),
    )
    return replace(_measured("contrastive_gap_zero_shot", _spread(), RATE, 0.05), claim=claim)


def contrastive_gap_clip() -> Recipe:
    """The contrastive loss alone."""
    return _measured("contrastive_gap_clip", pairs_only(), CLIP_RATE, CLIP_DECAY)


def _measured(name: str, method: Method, rate: float, decay: float) -> Recipe:
    evaluators = (RetrievalEvaluator((1, 5)), ZeroShotEvaluator(Prompts(CLASSES, ("{}",)), ks=(1,)))
    return emoji_pairs(name, method, learning_rate=rate, weight_decay=decay, evaluators=evaluators)

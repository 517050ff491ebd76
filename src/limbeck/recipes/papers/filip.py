"""FILIP: contrast by the best match of every patch and every word."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Claim, Method, Recipe
from limbeck.core.term import Ref, Term
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.evaluation.similarities.late_interaction import LateInteractionSimilarity
from limbeck.layers.tokens.token_projector import TokenProjector
from limbeck.objectives.contrastive.late_interaction import LateInteractionLoss
from limbeck.recipes.setups.emoji_pairs import (
    GROUP,
    METRIC,
    PATCHES,
    REAL,
    SCALE,
    SETUP,
    TUNING,
    WORDS,
    emoji_pairs,
    pairs_only,
)

RATE, POOLED_RATE, DECAY = 2e-3, 1e-3, 0.5


def _token_contrast() -> Method:
    """Tokens of both towers in one space, contrasted by their best matches."""
    parts = {
        "image.tokens": Part(TokenProjector(64, width=128), {"tokens": PATCHES}),
        "text.tokens": Part(TokenProjector(64, width=128), {"tokens": WORDS, "mask": REAL}),
    }
    inputs = {
        "query": Ref("image.tokens", "tokens"),
        "key": Ref("text.tokens", "tokens"),
        "key_mask": Ref("text.tokens", "mask"),
        "scale": SCALE,
        "target_group": GROUP,
    }
    return Method({"contrast": Term(LateInteractionLoss(), inputs)}, parts)


def filip() -> Recipe:
    """Late interaction, in training and in search."""
    claim = Claim(
        statement="Changing only the contrastive similarity to token-wise maxima beats pooled vectors.",
        source="FILIP, Yao et al. 2021, arXiv 2111.07783",
        metric=METRIC,
        published="abstract gives no figure: state of the art in zero-shot classification and retrieval",
        baselines={"pooled cosine": "filip_pooled"},
        setup=SETUP + "; 17 patches, all real words; both maps and the search token by token",
        differs="1,482 concepts instead of 340 M pairs; no prompt ensemble, no augmentation; all tokens take part; "
        "judged by retrieval: neither zero-shot classification nor word-patch localisation is measured",
        tuning=TUNING,
        also=("image<->text R@1",),
    )
    evaluator = RetrievalEvaluator((1, 5), similarity=LateInteractionSimilarity())
    answers = {"image": Ref("image.tokens"), "text": Ref("text.tokens")}
    recipe = emoji_pairs(
        "filip",
        _token_contrast(),
        learning_rate=RATE,
        weight_decay=DECAY,
        answers=answers,
        evaluators=(evaluator,),
    )
    return replace(recipe, claim=claim)


def filip_pooled() -> Recipe:
    """The same towers and budget with one vector a side."""
    return emoji_pairs("filip_pooled", pairs_only(), learning_rate=POOLED_RATE, weight_decay=DECAY)

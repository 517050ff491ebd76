"""IRRA: similarities distributed as identities are, and words read off the picture."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Claim, Method, Recipe
from limbeck.core.term import Term
from limbeck.objectives.affinity.similarity_distribution_matching import SimilarityDistributionMatchingLoss
from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.recipes.setups.emoji_pairs import GROUP, IMAGE, METRIC, SCALE, SETUP, TEXT, TUNING, emoji_pairs
from limbeck.recipes.setups.masked_words import masked_words, reader

RATE, TEMPERATURE = 2e-3, 0.1


def _matching() -> Method:
    """Similarity distribution matching: drawings of one emoji share the mass of its captions."""
    objective = SimilarityDistributionMatchingLoss(TEMPERATURE)
    return Method({"matching": Term(objective, {"query": IMAGE, "key": TEXT, "target_group": GROUP})})


def irra() -> Recipe:
    """Similarity distribution matching and masked words."""
    claim = Claim(
        statement="Similarities matched to identities and words read off the image beat the contrastive loss.",
        source="IRRA, Jiang and Ye 2023, arXiv 2303.12501",
        metric=METRIC,
        published="rank-1 about 3 to 9 points above earlier methods on three person data sets",
        baselines={"InfoNCE": "irra_info_nce", "SDM alone": "irra_matching"},
        setup=SETUP + "; the identity is the emoji; one hidden word a caption, read by two cross-attention blocks",
        differs="emoji instead of persons, from scratch instead of from CLIP; the identity classifier is left out; "
        "masked words enter as embeddings, not through the text tower; temperature 0.1 instead of 0.02",
        tuning=TUNING,
        also=("image<->text R@1",),
    )
    method = _matching()
    whole = Method({**method.terms, "words": masked_words()}, reader())
    return replace(emoji_pairs("irra", whole, learning_rate=RATE), claim=claim)


def irra_matching() -> Recipe:
    """Similarity distribution matching alone."""
    return emoji_pairs("irra_matching", _matching(), learning_rate=RATE)


def irra_info_nce() -> Recipe:
    """InfoNCE as the paper's baseline has it: every other row is a wrong answer."""
    term = Term(InfoNCELoss(), {"query": IMAGE, "key": TEXT, "scale": SCALE})
    return emoji_pairs("irra_info_nce", Method({"contrast": term}), learning_rate=RATE)

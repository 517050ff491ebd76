"""A fusion encoder on top of two towers: contrast, hard-pair matching and hidden words, as ALBEF trains them."""

from __future__ import annotations

from limbeck.core.part import Part
from limbeck.core.recipe import Method
from limbeck.core.term import Ref, Term
from limbeck.fusers.cross_attention import CrossAttentionFuser
from limbeck.heads.hard_pair_matcher import HardPairMatcher
from limbeck.heads.match import MatchHead
from limbeck.objectives.contrastive.matching import MatchingLoss
from limbeck.recipes.setups.emoji_pairs import GROUP, IMAGE, PATCHES, REAL, TEXT, contrast
from limbeck.recipes.setups.masked_words import HIDDEN, WIDTH, hiding, masked_words, naming


def fused(*, contrast_weight: float = 1.0, side_weight: float = 1.0) -> Method:
    """Contrast of the towers; a fusion encoder on top matches hard pairs and names hidden words."""
    matcher = HardPairMatcher(CrossAttentionFuser(WIDTH, query_width=WIDTH, key_width=WIDTH), head=MatchHead(WIDTH))
    inputs = {
        "query": HIDDEN,
        "key": PATCHES,
        "query_pooled": TEXT,
        "key_pooled": IMAGE,
        "query_mask": REAL,
        "group": GROUP,
    }
    pairs = {name: Ref("matcher", name) for name in ("positive", "negative_query", "negative_key")}
    parts = {**hiding(), "matcher": Part(matcher, inputs), **naming(Ref("matcher", "tokens"))}
    terms = {
        "contrast": contrast(weight=contrast_weight),
        "matching": Term(MatchingLoss(), pairs, side_weight),
        "words": masked_words(side_weight),
    }
    return Method(terms, parts)

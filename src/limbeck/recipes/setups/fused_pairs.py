"""A fusion encoder on top of two towers, as ALBEF trains it: matching and hidden words.

The caption goes through the text tower twice: as it is, for contrast and matching, and with a hidden word.
"""

from __future__ import annotations

from torch import nn

from limbeck.core.part import Part
from limbeck.core.recipe import Method
from limbeck.core.schedule import Schedule
from limbeck.core.term import Ref, Term
from limbeck.fusers.cross_attention import CrossAttentionFuser
from limbeck.heads.hard_pair_matcher import HardPairMatcher
from limbeck.heads.match import MatchHead
from limbeck.layers.network.second_reading import SecondReading
from limbeck.layers.tokens.masked_ids import MaskedIds
from limbeck.objectives.contrastive.matching import MatchingLoss
from limbeck.recipes.setups.emoji_pairs import GROUP, IMAGE, PATCHES, REAL, SCALE, TEXT, WORDS
from limbeck.recipes.setups.masked_words import WIDTH, masked_words, naming

BLANK, READ = 103, Ref("reading", "tokens")  # 103: MiniLM's [MASK]


def matched(
    partners: nn.Module, *, aligned: bool = True, weight: float = 1.0, words: float | Schedule | None = None
) -> Method:
    """Matching of true and wrong pairs, and words read off the picture by the same fusion encoder.

    Without `aligned` the choice of wrong pairs knows nothing of the towers' likeness. `words` is their own weight.
    """
    fuser = CrossAttentionFuser(WIDTH, query_width=WIDTH, key_width=WIDTH, depth=1)
    ids = {"ids": Ref("student.text", "ids"), "mask": REAL}
    inputs = {"query": WORDS, "key": PATCHES, "hidden": READ, "query_mask": REAL, "group": GROUP}
    likeness = {"query_pooled": TEXT, "key_pooled": IMAGE, "scale": SCALE} if aligned else {}
    parts = {
        "hidden": Part(MaskedIds(BLANK), ids),
        "reading": Part(SecondReading(), {"ids": Ref("hidden", "ids"), "mask": REAL}),
        "matcher": Part(HardPairMatcher(fuser, head=MatchHead(WIDTH), partners=partners), inputs | likeness),
        **naming(Ref("matcher", "tokens")),
    }
    pairs = {name: Ref("matcher", name) for name in ("positive", "negative_query", "negative_key")}
    return Method(
        {"matching": Term(MatchingLoss(), pairs, weight), "words": masked_words(weight if words is None else words)},
        parts,
    )

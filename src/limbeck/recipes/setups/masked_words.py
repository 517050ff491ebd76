"""Hidden words that a fusion encoder reads off the picture; IRRA and ALBEF share it."""

from __future__ import annotations

from limbeck.core.part import Part
from limbeck.core.schedule import Schedule
from limbeck.core.term import Ref, Term
from limbeck.fusers.cross_attention import CrossAttentionFuser
from limbeck.heads.masked_word import MaskedWordHead
from limbeck.layers.tokens.word_mask import WordMask
from limbeck.objectives.sequence.masked_word import MaskedWordLoss
from limbeck.recipes.setups.emoji_pairs import PATCHES, REAL

WIDTH, VOCABULARY = 64, 30_522
HIDDEN = Ref("hidden", "tokens")


def hiding() -> dict[str, Part]:
    """One word of each caption is put out of sight, before any word has seen another one."""
    inputs = {"tokens": Ref("student.text", "hidden.0"), "ids": Ref("student.text", "ids"), "mask": REAL}
    return {"hidden": Part(WordMask(WIDTH), inputs)}


def naming(tokens: Ref) -> dict[str, Part]:
    """The word that belongs in the gap, from fused tokens."""
    return {
        "word": Part(MaskedWordHead(WIDTH, vocabulary=VOCABULARY), {"tokens": tokens, "place": Ref("hidden", "place")})
    }


def reader() -> dict[str, Part]:
    """Hide, read the patches, name."""
    fuser = CrossAttentionFuser(WIDTH, query_width=WIDTH, key_width=WIDTH)
    read = Part(fuser, {"query": HIDDEN, "key": PATCHES, "query_mask": REAL})
    return {**hiding(), "reader": read, **naming(Ref("reader", "tokens"))}


def masked_words(weight: float | Schedule = 1.0) -> Term:
    """Cross-entropy of the hidden words."""
    return Term(MaskedWordLoss(), {"logits": Ref("word"), "target": Ref("hidden", "word")}, weight)

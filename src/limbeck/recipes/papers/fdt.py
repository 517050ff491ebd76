"""FDT: patches and words written in one finite, learned alphabet."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.part import Part
from limbeck.core.recipe import Claim, Method, Recipe
from limbeck.core.term import Ref
from limbeck.functional.sparsemax import softmax
from limbeck.layers.tokens.code_reader import CodeReader
from limbeck.layers.tokens.codes import Codes
from limbeck.recipes.setups.emoji_pairs import (
    METRIC,
    PATCHES,
    REAL,
    SETUP,
    TRIALS,
    WORDS,
    contrast,
    emoji_pairs,
    pairs_only,
)

RATE, CODES, WIDTH, SPARSE, SOFT = 2e-3, 512, 128, 100.0, 1.0
POOLED_RATE, POOLED_DECAY = 1e-3, 1.0
ANSWERS = {"image": Ref("image.codes"), "text": Ref("text.codes")}


def _in_codes(image: CodeReader, text: CodeReader) -> Method:
    """Both towers' tokens are read as weights over one table of codes, and contrast compares what they read."""
    codes = Ref("codes", "codes")
    parts = {
        "codes": Part(Codes(CODES, width=WIDTH)),
        "image.codes": Part(image, {"tokens": PATCHES, "codes": codes}),
        "text.codes": Part(text, {"tokens": WORDS, "codes": codes, "mask": REAL}),
    }
    return Method({"contrast": contrast(ANSWERS["image"], ANSWERS["text"])}, parts)


def fdt() -> Recipe:
    """Sparse weights over shared codes."""
    claim = Claim(
        statement="Representing both modalities through shared sparse discrete tokens beats pooled embeddings.",
        source="FDT, Chen et al. 2023, arXiv 2303.14865",
        metric=METRIC,
        published="abstract gives no figure",
        baselines={"pooled": "fdt_pooled", "softmax codes": "fdt_softmax"},
        setup=SETUP + "; 512 codes of width 128",
        differs="1,482 concepts instead of 15 M pairs, 512 codes instead of 16,384; judged by retrieval: no other task "
        "is measured, nor what a code stands for",
        tuning=TRIALS + "temperature 10, 100 and 300 of sparsemax, 1, 10 and 100 of softmax, or weight decay 0.05, 0.2 "
        "and 0.5 of the pooled arm, and beyond its edges rate 5e-4 (worse) and decay 1 (taken); an earlier look: seven "
        "temperatures of sparsemax and five of softmax, one rate",
        also=("image<->text R@1",),
    )
    method = _in_codes(*(CodeReader(64, width=WIDTH, temperature=SPARSE) for _ in range(2)))
    return replace(emoji_pairs("fdt", method, learning_rate=RATE, answers=ANSWERS), claim=claim)


def fdt_softmax() -> Recipe:
    """The same codes, all of them used a little."""
    method = _in_codes(*(CodeReader(64, width=WIDTH, weigh=softmax, temperature=SOFT) for _ in range(2)))
    return emoji_pairs("fdt_softmax", method, learning_rate=RATE, answers=ANSWERS)


def fdt_pooled() -> Recipe:
    """The same towers with one vector a side."""
    return emoji_pairs("fdt_pooled", pairs_only(), learning_rate=POOLED_RATE, weight_decay=POOLED_DECAY)

"""ALBEF: does contrast before fusion help the fusion encoder itself?"""

from __future__ import annotations

from dataclasses import replace

from torch import nn

from limbeck.core.recipe import Claim, Method, Recipe
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.evaluation.similarities.all_pairs import AllPairsSimilarity
from limbeck.layers.pairs.drawn_partners import DrawnPartners
from limbeck.recipes.setups.emoji_pairs import METRIC, RATES, contrast, emoji_pairs
from limbeck.recipes.setups.fused_pairs import matched

DATA = "emoji:size=32,text=label,skins=no,train=twitter,test=twitter"
STEPS, ROWS = 200, 48


def albef_fusion() -> Recipe:
    """Contrast, matching against wrong pairs drawn by it, and hidden words."""
    claim = Claim(
        statement="Aligning the towers by contrast before they are fused makes the fusion encoder better.",
        source="ALBEF, Li et al. 2021, arXiv 2107.07651",
        metric=METRIC,
        published="",
        baselines={"no contrast": "albef_fusion_no_contrast", "partners drawn evenly": "albef_fusion_even"},
        setup="",
        differs="",
        tuning=RATES,
        also=("image<->text R@1",),
    )
    return replace(_recipe("albef_fusion", _contrasted(aligned=True)), claim=claim)


def albef_fusion_even() -> Recipe:
    """Contrast, matching against any wrong pair, and hidden words."""
    return _recipe("albef_fusion_even", _contrasted(aligned=False))


def albef_fusion_no_contrast() -> Recipe:
    """Matching against any wrong pair, and hidden words."""
    return _recipe("albef_fusion_no_contrast", matched(DrawnPartners(), aligned=False))


def _contrasted(*, aligned: bool, partners: nn.Module | None = None) -> Method:
    method = matched(partners or DrawnPartners(), aligned=aligned)
    return Method({"contrast": contrast(), **method.terms}, method.parts)


def _recipe(name: str, method: Method, *, learning_rate: float = 2e-3) -> Recipe:
    evaluators = (RetrievalEvaluator((1, 5), similarity=AllPairsSimilarity("matcher")),)
    return emoji_pairs(
        name, method, data=DATA, steps=STEPS, rows=ROWS, learning_rate=learning_rate, evaluators=evaluators
    )

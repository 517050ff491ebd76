"""ALBEF: align before fusing, match hard pairs, and learn from a momentum model."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Claim, Method, Recipe
from limbeck.recipes.published import momentum
from limbeck.recipes.setups.emoji_pairs import EMOJI, METRIC, SETUP, TRIALS, emoji_pairs, pairs_only
from limbeck.recipes.setups.fused_pairs import fused

RATE, NOISY, TRUST, SIDE = 2e-3, f"{EMOJI},noise=0.3", 0.4, 0.03


def albef() -> Recipe:
    """All of it: a share of the contrast's targets comes from the moving average of the towers."""
    claim = Claim(
        statement="Momentum distillation improves learning from noisy pairs.",
        source="ALBEF, Li et al. 2021, arXiv 2107.07651",
        metric=METRIC,
        published="VQA +2.37 and NLVR2 +3.84 points over the state of the art, with all parts",
        baselines={"no momentum": "albef_no_momentum", "contrast alone": "albef_contrast"},
        setup=SETUP
        + "; 30 % of the training captions are another pair's, test pairs are clean and the towers are judged; "
        "decay 0.98, momentum targets weigh 0.4, matching and words 0.03",
        differs="no queue; momentum targets for the contrast only, over the batch; the hardest negative is taken, not "
        "drawn; the matcher sees the caption with its hidden word; a decay of 0.995 would be longer than the run. "
        "Whether contrast before fusion helps the fusion itself is not tested: only the towers are judged",
        tuning=TRIALS + "weight 0.03, 0.1 and 0.3 of matching and words, or weight decay 0.05, 0.2 and 0.5 of contrast "
        "alone (earlier: weights 0.1, 0.3 and 1 of both fused arms at one rate)",
        also=("image<->text R@1",),
    )
    method = fused(contrast_weight=1 - TRUST, side_weight=SIDE)
    slow = momentum()
    whole = Method({**method.terms, "momentum": slow.terms["momentum"]}, {**method.parts, **slow.parts})
    return replace(emoji_pairs("albef", whole, data=NOISY, learning_rate=RATE), claim=claim)


def albef_no_momentum() -> Recipe:
    """The same without the moving average."""
    return emoji_pairs("albef_no_momentum", fused(side_weight=SIDE), data=NOISY, learning_rate=RATE)


def albef_contrast() -> Recipe:
    """The towers alone on the same noisy pairs."""
    return emoji_pairs("albef_contrast", pairs_only(), data=NOISY, learning_rate=RATE, weight_decay=0.5)

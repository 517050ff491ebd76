"""ALIGN: many noisy pairs or few clean ones."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Claim, Recipe
from limbeck.recipes.setups.emoji_pairs import EMOJI, METRIC, SETUP, TUNING, emoji_pairs, pairs_only

NOISY, FEW = "noise=0.3", "share=0.3"


def align() -> Recipe:
    """All pairs, three in ten with a wrong caption."""
    claim = Claim(
        statement="More pairs make up for their noise: a plain dual encoder on many noisy pairs beats one on few clean "
        "ones.",
        source="ALIGN, Jia et al. 2021, arXiv 2102.05918",
        metric=METRIC,
        published="abstract gives no figure: over one billion noisy pairs reach the state of the art",
        baselines={
            "few, clean": "align_few_clean",
            "few, noisy": "align_few_noisy",
            "all, clean": "align_all_clean",
        },
        setup=SETUP
        + "; 30 % of the training pairs carry the caption of another pair, or 30 % of the concepts are used",
        differs="5,928 pairs instead of 1.8 billion; noise is drawn (captions go round), amounts differ by 3.3 and not "
        "by 600; test captions are clean; retrieval alone, no zero-shot classification; a small vision transformer "
        "instead of EfficientNet",
        tuning=TUNING,
        also=("image<->text R@1",),
    )
    return replace(_on("align", f"{EMOJI},{NOISY}", 2e-3, 0.5), claim=claim)


def align_few_clean() -> Recipe:
    """Three concepts in ten, clean."""
    return _on("align_few_clean", f"{EMOJI},{FEW}", 2e-3, 0.2)


def align_few_noisy() -> Recipe:
    """Three concepts in ten, three pairs in ten of them wrong."""
    return _on("align_few_noisy", f"{EMOJI},{FEW},{NOISY}", 2e-3, 0.05)


def align_all_clean() -> Recipe:
    """All pairs, clean: what the noise costs."""
    return _on("align_all_clean", EMOJI, 1e-3, 0.5)


def _on(name: str, data: str, rate: float, decay: float) -> Recipe:
    return emoji_pairs(name, pairs_only(), data=data, learning_rate=rate, weight_decay=decay)

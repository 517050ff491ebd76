"""Projectors alone between two frozen encoders (Maniparambil et al. 2024)."""

from __future__ import annotations

from dataclasses import replace

from limbeck.core.recipe import Claim, Recipe
from limbeck.recipes.setups.emoji_pairs import METRIC, RATES, emoji_pairs, pairs_only
from limbeck.recipes.setups.frozen_pairs import VENDORS, frozen_pair

FEW = ",share=0.05"


def projector_alignment() -> Recipe:
    """Two MLPs on frozen encoders, from a twentieth of the concepts."""
    claim = Claim(
        statement="Projectors between strong frozen encoders beat training from scratch with a twentieth of the data.",
        source="From Unimodal to Multimodal, Maniparambil et al. 2024, arXiv 2409.19425",
        metric=METRIC,
        published="DINOv2 and All-RoBERTa-Large: 76 % zero-shot ImageNet, 20-fold less data, 65-fold less compute",
        baselines={"from scratch, all data": "projector_alignment_scratch", "all data": "projector_alignment_all"},
        setup="emoji by Google and Twitter, 32 px; EfficientNet-Lite0 and MiniLM frozen, an MLP projector on each, 200 "
        "steps of 64 pairs of a twentieth of the concepts; from scratch: resnet-xs, 200 steps of 96 pairs of all",
        differs="the data are not curated; the baseline is a small model trained here, not CLIP; encoders as they are; "
        "retrieval instead of zero-shot classification; compute is not measured",
        tuning=RATES,
    )
    return replace(frozen_pair("projector_alignment", data=VENDORS + FEW, rows=64, learning_rate=1e-3), claim=claim)


def projector_alignment_all() -> Recipe:
    """The same projectors with all concepts."""
    return frozen_pair("projector_alignment_all")


def projector_alignment_scratch() -> Recipe:
    """Both towers trained, on all concepts."""
    return emoji_pairs(
        "projector_alignment_scratch", pairs_only(), data=VENDORS, student="resnet-xs", learning_rate=1e-3
    )

"""`UniformSelection`: evenly spaced units."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from limbeck.layers.gate.transformer_units import TransformerUnits
from limbeck.surgery.selection.base import Selection


class UniformSelection(Selection):
    """unit_j = floor((j + 1/2) units / k): every part of the network is heard.

    Use when nothing is known about the units; a strong baseline for every cleverer rule.

    Source: Xu et al. 2023, arXiv 2311.18823; manual inheritance of TinyCLIP, Wu et al. 2023, arXiv 2309.12314.

    Differs from the paper: whole heads are taken, not single columns of them.
    """

    def choose(self, source: nn.Module, keep: Mapping[str, int]) -> dict[str, Tensor]:
        """Group -> numbers of the units that stay."""
        counts = TransformerUnits.of(source).counts
        return {group: ((2 * torch.arange(k) + 1) * counts[group]) // (2 * k) for group, k in keep.items()}

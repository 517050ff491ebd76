"""`MagnitudeSelection`: the units with the largest weights."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from limbeck.layers.gate.transformer_units import TransformerUnits
from limbeck.surgery.selection.base import Selection, best


class MagnitudeSelection(Selection):
    """score(unit) = sum over its weights of |w|, embeddings included

    Use when no data is at hand and weights are trained to their end.

    Source: Li et al. 2016, arXiv 1608.08710 (filters); here for heads, neurons, channels and layers.
    """

    def choose(self, source: nn.Module, keep: Mapping[str, int]) -> dict[str, Tensor]:
        """Group -> numbers of the units that stay."""
        units = TransformerUnits.of(source)
        size = {name: value.detach().abs() for name, value in source.named_parameters()}
        return {group: best(units.per_unit(group, size), k) for group, k in keep.items()}

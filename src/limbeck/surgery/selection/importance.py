"""`ImportanceSelection`: the units that the loss would miss most."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from limbeck.core.errors import UsageError
from limbeck.layers.gate.transformer_units import TransformerUnits
from limbeck.surgery.selection.base import Selection, best


class ImportanceSelection(Selection):
    """score(unit) = sum over its weights of importance(w), for instance |w dL/dw| (`taylor_importance`)

    Use when some batches of data and a loss are at hand. For use from Python: measured numbers are no settings, so a
    recipe cannot hold them.

    Args:
        importance: name of a parameter -> a non-negative number for each of its weights.

    Raises:
        UsageError: a parameter of the network has no importance.

    Source: Molchanov et al. 2019, arXiv 1906.10771 (first order).

    Differs from the paper: absolute values are summed over weights and batches, not squares of a unit's sum.
    """

    def __init__(self, importance: Mapping[str, Tensor]) -> None:
        self.importance = importance

    def choose(self, source: nn.Module, keep: Mapping[str, int]) -> dict[str, Tensor]:
        """Group -> numbers of the units that stay."""
        units = TransformerUnits.of(source)
        if missing := [name for name in units.axes if name not in self.importance]:
            raise UsageError(
                f"{len(missing)} parameters have no importance ({missing[0]}); measure them with the network"
            )
        return {group: best(units.per_unit(group, self.importance), k) for group, k in keep.items()}

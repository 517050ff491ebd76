"""`LearnedSelection`: the units whose gates stayed open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from limbeck.core.errors import UsageError
from limbeck.layers.gate.gate_bank import GateBank
from limbeck.surgery.selection.base import Selection, best


class LearnedSelection(Selection):
    """score(unit) = the location of its gate; all layers stay

    Use when gates were trained under a penalty on their density (`GateUnitsSurgery`, `LagrangianSparsityLoss`).

    Raises:
        UsageError: the network has no gates.

    Source: automatic weight inheritance of TinyCLIP, Wu et al. 2023, arXiv 2309.12314.

    Differs from the paper: as many heads and neurons stay in each layer, so that the result is a standard model.
    """

    def choose(self, source: nn.Module, keep: Mapping[str, int]) -> dict[str, Tensor]:
        """Group -> numbers of the units that stay."""
        tower: Any = source.tower
        bank = getattr(tower, "embeddings", None)
        if not isinstance(bank, GateBank):
            raise UsageError("LearnedSelection needs a tower with gates; put them in with GateUnitsSurgery and train")
        found = {group: best(bank.gate(group).location, k) for group, k in keep.items() if group != "layers"}
        if "layers" in keep:
            if keep["layers"] != bank.units.counts["layers"]:
                raise UsageError(
                    f"LearnedSelection keeps all {bank.units.counts['layers']} layers; {keep['layers']} were asked for"
                )
            found["layers"] = torch.arange(keep["layers"])
        return found

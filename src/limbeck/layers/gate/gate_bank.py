"""`GateBank`: the gates of one transformer, drawn once for each forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn

from limbeck.core.errors import UsageError
from limbeck.layers.gate.gated_weight import GatedWeight
from limbeck.layers.gate.hard_concrete_gate import HardConcreteGate
from limbeck.layers.gate.transformer_units import TransformerUnits
from limbeck.layers.norm.masked_layer_norm import MaskedLayerNorm


class GateBank(nn.Module):
    """Stands where the embeddings stood: draws every gate, then runs them.

    One draw has to serve a whole pass: a channel's gate is read by all that writes into the residual stream, and by
    every norm.

    Use when learned masks shall say which weights a smaller student inherits; `GateUnitsSurgery` builds it.

    Args:
        embeddings: the first module of the tower; shared and not copied.
        units: groups of units of the encoder.
        start: of the gates, see `HardConcreteGate`.
        gain: of the gates.

    Source: automatic weight inheritance of TinyCLIP, Wu et al. 2023, arXiv 2309.12314.
    """

    def __init__(
        self, embeddings: nn.Module, *, units: TransformerUnits, start: float = 2.5, gain: float = 10.0
    ) -> None:
        super().__init__()
        self.embeddings = embeddings
        self.units = units
        self.start = start
        self.gain = gain
        self.groups = tuple(group for group in units.counts if group != "layers")
        # A module's name may not hold a dot.
        self.gates = nn.ModuleDict(
            {g.replace(".", "/"): HardConcreteGate(units.counts[g], start=start, gain=gain) for g in self.groups}
        )
        self._norms: tuple[MaskedLayerNorm, ...] = ()
        self._drawn: dict[str, Tensor] = {}

    def gate(self, group: str) -> HardConcreteGate:
        """The gate of one group of units."""
        found = self.gates[group.replace(".", "/")]
        assert isinstance(found, HardConcreteGate)
        return found

    def watch(self, norms: Sequence[MaskedLayerNorm]) -> None:
        """The norms that are told which channels are open."""
        self._norms = tuple(norms)

    def weight(self, name: str, positions: Sequence[int]) -> GatedWeight:
        """The parametrization that multiplies these axes of a parameter by their gates."""
        pairs = [(self.units.axes[name][position], position) for position in positions]
        if any(axis is None for axis, _ in pairs):
            raise UsageError(f"no unit owns axis {positions} of {name}; valid: axes of {self.units.axes[name]}")
        return GatedWeight([(axis[0], position, axis[1]) for axis, position in pairs if axis], bank=self)

    def drawn(self, group: str) -> Tensor:
        """The gates of a group in this pass."""
        if group not in self._drawn:
            self.draw()
        return self._drawn[group]

    def draw(self) -> None:
        """New gates: random in training, deterministic in evaluation."""
        self._drawn = {group: self.gate(group)() for group in self.groups}
        keep = (self._drawn["hidden"] > 0).to(self._drawn["hidden"].dtype).detach()
        for norm in self._norms:
            norm.keep = keep

    def density(self) -> Tensor:
        """Expected share of the gated weights that stays, in [0, 1]."""
        share = {group: self.gate(group).open().mean() for group in self.groups}
        kept, total = [], 0
        for name, axes in self.units.axes.items():
            groups = [axis[0] for axis in axes if axis is not None]
            if groups:
                kept.append(self.units.sizes[name] * reduce(torch.mul, (share[group] for group in groups)))
                total += self.units.sizes[name]
        return torch.stack(kept).sum() / total

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """Draw, then what the embeddings answer."""
        self.draw()
        return self.embeddings(*inputs, **named)

    def __getstate__(self) -> dict[str, Any]:
        """Without the last draw: it belongs to a graph, and a graph cannot be copied."""
        return {**self.__dict__, "_drawn": {}}

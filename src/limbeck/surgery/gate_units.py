"""`GateUnitsSurgery`: learned gates on every head, neuron and channel of a student."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn
from torch.nn.utils import parametrize

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.surgery import Surgery, SurgeryReport, parameters_of
from limbeck.layers.gate.gate_bank import GateBank
from limbeck.layers.gate.transformer_units import TransformerUnits
from limbeck.layers.norm.masked_layer_norm import MaskedLayerNorm

_WRITERS = ("self_attn.out_proj", "mlp.fc2", "embeddings", "pre_layrnorm")


class GateUnitsSurgery(Surgery):
    """Every unit's contribution is multiplied by its gate.

    head: columns of the output projection; neuron: columns of the second feed-forward map; channel: all that writes
    into the residual stream, and norms are taken over the open channels. A unit whose gate is 0 has no effect, so
    that cutting it out (`CutUnitsSurgery`) leaves the answers as they are.

    Use when masks shall learn which weights a smaller student keeps: start from the teacher's weights, train with
    `LagrangianSparsityLoss` on the output `density` that the encoders offer from then on, and cut.

    Args:
        start: of the gates, see `HardConcreteGate`; 2.5 leaves the student's answers as they are.
        gain: of the gates; how much faster than a weight a gate moves.

    Raises:
        UsageError: a tower that normalises after adding (BERT): its channels' gates could not be cut out.

    Source: automatic weight inheritance of TinyCLIP, Wu et al. 2023, arXiv 2309.12314; CoFi, Xia et al. 2022,
    arXiv 2204.00408.
    """

    preserving = True

    def __init__(self, start: float = 2.5, *, gain: float = 10.0) -> None:
        self.start = start
        self.gain = gain

    def __call__(self, student: Mapping[str, Encoder], *, teachers: Mapping[str, Encoder]) -> SurgeryReport:
        """Put the gates in."""
        before, lines = parameters_of(student), []
        for modality, encoder in student.items():
            bank = self._gate(encoder)
            gates = sum(bank.units.counts[group] for group in bank.groups)
            lines.append(f"{modality}: {gates} gates in {len(bank.groups)} groups")
        return SurgeryReport(tuple(lines), before, parameters_of(student))

    def settle(self, student: Mapping[str, Encoder]) -> None:
        """Evaluation gates become part of the weights.

        Where channels are shut, the norms that leave them out stay: only a cut makes a standard model of that.
        """
        for encoder in student.values():
            fold_gates(encoder)
            if all(bool(norm.keep.all()) for norm in encoder.modules() if isinstance(norm, MaskedLayerNorm)):
                plain_norms(encoder)

    def _gate(self, encoder: Encoder) -> GateBank:
        tower: Any = encoder.tower
        units = TransformerUnits.of(encoder)
        norms = [(name, module) for name, module in encoder.named_modules() if isinstance(module, nn.LayerNorm)]
        if not any(name.endswith("layer_norm1") for name, _ in norms):
            kind = tower.config.model_type
            raise UsageError(f"gates need a tower that normalises before each block (CLIP, SigLIP); '{kind}' does not")
        bank = GateBank(tower.embeddings, units=units, start=self.start, gain=self.gain)
        first_norm = any("pre_layrnorm" in name for name in units.axes)
        for name, norm in norms:
            _put(encoder, name, MaskedLayerNorm(norm))
        for name in units.axes:
            if positions := _closed(name, units, first_norm):
                path, _, last = name.rpartition(".")
                owner = encoder.get_submodule(path)
                parametrize.register_parametrization(owner, last, bank.weight(name, positions), unsafe=True)
        bank.watch([module for module in encoder.modules() if isinstance(module, MaskedLayerNorm)])
        tower.embeddings = bank
        encoder.offer("density", lambda rows: bank.density().expand(rows))  # type: ignore[operator]
        return bank.train(encoder.training)


def fold_gates(encoder: Encoder) -> None:
    """Take gates out of an encoder and leave their evaluation values in its weights; nothing where there are none."""
    tower: Any = encoder.tower
    bank = tower.embeddings
    if not isinstance(bank, GateBank):
        return
    bank.eval().draw()
    tower.embeddings = bank.embeddings
    for module in list(encoder.modules()):
        for name in list(getattr(module, "parametrizations", {})):
            parametrize.remove_parametrizations(module, name, leave_parametrized=True)
    encoder.withdraw("density")  # type: ignore[operator]


def plain_norms(encoder: Encoder) -> None:
    """Layer norms over all channels again, as a tower has them whose shut channels are cut out next."""
    for name, module in list(encoder.named_modules()):
        if isinstance(module, MaskedLayerNorm):
            _put(encoder, name, module.norm)


def _closed(name: str, units: TransformerUnits, first_norm: bool) -> list[int]:
    """Axes of a parameter along which a gate shuts what the unit contributes."""
    writer = next((each for each in _WRITERS if each in name), "")
    found = []
    for position, axis in enumerate(units.axes[name]):
        if axis is None:
            continue
        if axis[0] != "hidden":
            if position == 1:  # what reads the heads' and the neurons' answers
                found.append(position)
        elif writer and not (writer == "embeddings" and first_norm):  # a norm that follows at once is gated instead
            table = writer == "embeddings" and len(units.axes[name]) == 2
            if position == (1 if table else 0):
                found.append(position)
    return found


def _put(root: nn.Module, name: str, module: nn.Module) -> None:
    path, _, last = name.rpartition(".")
    setattr(root.get_submodule(path), last, module)

"""`CutUnitsSurgery`: a student becomes a smaller model of the same kind."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.surgery import Surgery, SurgeryReport, parameters_of
from limbeck.layers.gate.gate_bank import GateBank
from limbeck.layers.gate.transformer_units import TransformerUnits
from limbeck.surgery.copy_units import copy_units
from limbeck.surgery.gate_units import fold_gates, plain_norms
from limbeck.surgery.selection.base import Selection
from limbeck.surgery.selection.magnitude import MagnitudeSelection


class CutUnitsSurgery(Surgery):
    """Heads, channels and neurons that are not chosen are cut out of every tower.

    heads = round(share * heads), channels = heads * width of a head, neurons = round(share * neurons),
    layers = round(layers * share of layers)

    Use when a trained student is to get smaller between two stages (progressive compression), or after gates have
    learned what it can do without (`LearnedSelection`). Gates become part of the weights first.

    Args:
        share: of heads, channels and neurons that stays, in (0, 1].
        layers: share of the layers that stays, in (0, 1].
        selection: which ones.

    Raises:
        UsageError: a share outside (0, 1], or a tower that is no transformer.

    Source: progressive stages of TinyCLIP, Wu et al. 2023, arXiv 2309.12314.

    Differs from the paper: all layers of a tower keep as many units, so that the result is a standard model.
    """

    def __init__(self, share: float = 0.5, *, layers: float = 1.0, selection: Selection | None = None) -> None:
        for name, value in (("share", share), ("layers", layers)):
            if not 0 < value <= 1:
                raise UsageError(f"CutUnitsSurgery was asked for {name} {value}; valid: above 0, at most 1")
        self.share = share
        self.layers = layers
        self.selection = selection if selection is not None else MagnitudeSelection()

    def __call__(self, student: Mapping[str, Encoder], *, teachers: Mapping[str, Encoder]) -> SurgeryReport:
        """Cut every tower."""
        before, lines = parameters_of(student), []
        for modality, encoder in student.items():
            tower: Any = encoder.tower
            gated = isinstance(tower.embeddings, GateBank)
            counts = (tower.embeddings.units if gated else TransformerUnits.of(encoder)).counts
            keep = self._keep(counts, int(tower.config.hidden_size) // int(tower.config.num_attention_heads))
            choice = self.selection.choose(encoder, keep)
            fold_gates(encoder)
            plain_norms(encoder)
            sizes = {
                "hidden_size": keep["hidden"],
                "num_attention_heads": keep["heads.0"],
                "intermediate_size": keep["neurons.0"],
                "num_hidden_layers": keep["layers"],
            }
            _shrink(encoder, sizes, choice)
            lines.append(f"{modality}: " + ", ".join(f"{name} {size}" for name, size in sizes.items()))
        return SurgeryReport(tuple(lines), before, parameters_of(student))

    def _keep(self, counts: Mapping[str, int], head: int) -> dict[str, int]:
        heads = max(1, round(self.share * counts["heads.0"]))
        neurons = max(1, round(self.share * counts["neurons.0"]))
        each = {"hidden": heads * head, "layers": max(1, round(self.layers * counts["layers"]))}
        return {g: each.get(g, heads if g.startswith("heads") else neurons) for g in counts}


def _shrink(encoder: Encoder, sizes: Mapping[str, int], choice: Mapping[str, torch.Tensor]) -> None:
    """Put a smaller tower's modules into the tower, so that whoever holds the tower has it too."""
    tower: Any = encoder.tower
    config = copy.deepcopy(tower.config)
    for name, value in sizes.items():
        setattr(config, name, value)
    with torch.random.fork_rng(devices=[]):
        smaller = type(tower)(config)
    head: Any = encoder.head
    narrow = copy.deepcopy(head)
    if isinstance(head, nn.Linear):
        narrow = nn.Linear(sizes["hidden_size"], head.out_features, bias=head.bias is not None)
    target = nn.Module()
    target.tower, target.head, target.spec = smaller, narrow, encoder.spec  # type: ignore[assignment]
    copy_units(encoder, target, choice)
    for name, child in smaller.named_children():
        setattr(tower, name, child)
    for name, value in sizes.items():
        setattr(tower.config, name, value)
    for module in tower.modules():
        if hasattr(module, "config"):
            module.config = tower.config
    for name in ("embed_dim", "hidden_size"):
        if isinstance(getattr(tower, name, None), int):
            setattr(tower, name, sizes["hidden_size"])
    # transformers hooks the layers that report hidden states once; these are other layers
    tower._output_capturing_hooks_installed = False
    if isinstance(head, nn.Linear):
        head.weight, head.bias, head.in_features = narrow.weight, narrow.bias, narrow.in_features
    layers = sizes["num_hidden_layers"]
    gone = {f"hidden.{layers + 1 + n}" for n in range(len(encoder.outputs))}
    gone |= {f"attention.{layers + n}" for n in range(len(encoder.outputs))}
    encoder.outputs = tuple(output for output in encoder.outputs if output not in gone)
    tower.train(encoder.training)

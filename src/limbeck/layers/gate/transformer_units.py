"""`TransformerUnits`: which numbers of a transformer belong to which head, neuron, channel and layer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from limbeck.core.errors import UsageError

Axis = tuple[str, int] | None

_LAYER = re.compile(r"\.layers?\.(\d+)\.")
_READS = re.compile(r"\.(q_proj|k_proj|v_proj|query|key|value)\.(weight|bias)$")
_MIXES = re.compile(r"\.(self_attn\.out_proj|attention\.o_proj|attention\.output\.dense)\.(weight|bias)$")
_GROWS = re.compile(r"\.(mlp\.fc1|intermediate\.dense)\.(weight|bias)$")
_SHRINKS = re.compile(r"\.(mlp\.fc2|output\.dense)\.(weight|bias)$")


@dataclass(frozen=True)
class TransformerUnits:
    """The groups of units of one CLIP, SigLIP, ViT or BERT tower of `transformers`, by the names of its parameters.

    Groups: `hidden` (channels of the residual stream), `heads.I` and `neurons.I` (of layer I), `layers`.

    Use when units are to be chosen, gated or cut out: every axis of every parameter says here whose it is.

    Args:
        counts: group -> number of units.
        axes: name of a parameter -> for each of its axes (group, numbers a unit), or None where nothing is ever cut.
        sizes: name of a parameter -> how many numbers it holds.
    """

    counts: Mapping[str, int]
    axes: Mapping[str, tuple[Axis, ...]]
    sizes: Mapping[str, int]

    @classmethod
    def of(cls, encoder: nn.Module) -> TransformerUnits:
        """Read the structure of an encoder with a `tower` of `transformers` and a `head`.

        Raises:
            UsageError: the tower is no transformer of a kind that is known here.
        """
        config: Any = getattr(getattr(encoder, "tower", None), "config", None)
        fields = ("hidden_size", "num_attention_heads", "intermediate_size", "num_hidden_layers")
        missing = [field for field in fields if not isinstance(getattr(config, field, None), int)]
        if missing:
            kind = getattr(config, "model_type", type(getattr(encoder, "tower", encoder)).__name__)
            raise UsageError(f"'{kind}' has no {missing[0]}; units are known of CLIP, SigLIP, ViT and BERT towers")
        hidden, heads, neurons, layers = (int(getattr(config, field)) for field in fields)
        counts = {"hidden": hidden, "layers": layers}
        for layer in range(layers):
            counts |= {f"heads.{layer}": heads, f"neurons.{layer}": neurons}
        axes = {
            name: tuple(_axes(name, tuple(value.shape), hidden, hidden // heads))
            for name, value in encoder.named_parameters()
        }
        seen = {axis[0] for each in axes.values() for axis in each if axis}
        if lost := sorted(set(counts) - {"layers"} - seen):
            raise UsageError(f"'{config.model_type}' names its parameters in an unknown way: none belongs to {lost[0]}")
        return cls(counts, axes, {name: value.numel() for name, value in encoder.named_parameters()})

    def members(self, group: str) -> Iterator[tuple[str, int, int]]:
        """Every (parameter, axis, numbers a unit) of a group."""
        for name, axes in self.axes.items():
            for position, axis in enumerate(axes):
                if axis is not None and axis[0] == group:
                    yield name, position, axis[1]

    def per_unit(self, group: str, values: Mapping[str, Tensor]) -> Tensor:
        """Sum over everything that belongs to a unit, of one non-negative number for each weight, `(units,)`."""
        found: list[Tensor] = []
        if group == "layers":
            for layer in range(self.counts["layers"]):
                found.append(torch.stack([v.sum() for n, v in values.items() if _layer_of(n) == layer]).sum())
            return torch.stack(found)
        for name, position, block in self.members(group):
            rest = [axis for axis in range(values[name].ndim) if axis != position]
            total = values[name].sum(rest) if rest else values[name]
            found.append(total.reshape(-1, block).sum(1))
        return torch.stack(found).sum(0)


def _axes(name: str, shape: tuple[int, ...], hidden: int, head: int) -> Iterator[Axis]:
    layer = _layer_of(name)
    stream: Axis = ("hidden", 1)
    inner: Axis = None
    first = True  # whether the inner axis is the first one
    if layer is not None:
        for pattern, group, leads in (
            (_READS, (f"heads.{layer}", head), True),
            (_MIXES, (f"heads.{layer}", head), False),
            (_GROWS, (f"neurons.{layer}", 1), True),
            (_SHRINKS, (f"neurons.{layer}", 1), False),
        ):
            if inner is None and pattern.search(name):
                inner, first = group, leads
    if inner is not None:
        yield inner if first else stream
        if len(shape) == 2:
            yield stream if first else inner
        return
    # Rows of a table are words or places, the head's rows are the shared space, a kernel's other axes are pixels.
    table = len(shape) == 2 and ("embedding" in name or name.startswith("head."))
    for position, size in enumerate(shape):
        channels = position == 0 if len(shape) > 2 else not (table and position == 0)
        yield stream if size == hidden and channels and position < 2 else None


def _layer_of(name: str) -> int | None:
    """Number of the layer that a parameter belongs to."""
    found = _LAYER.search(name)
    return int(found.group(1)) if found else None

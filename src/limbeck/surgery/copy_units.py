"""Weights of a larger transformer into a smaller one of the same kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from limbeck.core.errors import UsageError
from limbeck.layers.gate.transformer_units import TransformerUnits

_LAYER = re.compile(r"(\.layers?\.)(\d+)(\.)")


def why_not(source: nn.Module, target: nn.Module) -> str | None:
    """Why `target` cannot inherit from `source`; None where it can.

    Both need a `tower` of one kind of `transformers` model, heads of one width, one shared space and one vocabulary;
    the source has at least as many units of each sort.
    """
    try:
        ours, theirs = TransformerUnits.of(target), TransformerUnits.of(source)
    except UsageError as error:
        return str(error)
    config, other = _config(target), _config(source)
    if config.model_type != other.model_type:
        return f"it is a '{config.model_type}', the teacher a '{other.model_type}'"
    if _head_width(target) != _head_width(source):
        return f"its heads are {_head_width(target)} wide, the teacher's {_head_width(source)}"
    for group in ("layers", "hidden", "heads.0", "neurons.0"):
        if ours.counts[group] > theirs.counts[group]:
            kind = group.split(".")[0]
            return f"it has {ours.counts[group]} {kind}, more than the teacher's {theirs.counts[group]}"
    if _words(target) != _words(source):
        return "its tokenizer is not the teacher's"
    values = dict(source.named_parameters())
    for name, value in target.named_parameters():
        if name not in values:
            return f"the teacher has no '{name}'"
        for position, axis in enumerate(ours.axes[name]):
            here, there = value.shape[position], values[name].shape[position]
            places = "position_embedding" in name and position == 0 and hasattr(config, "vocab_size")
            if axis is None and here != there and not (places and here < there):
                return f"'{name}' is {tuple(value.shape)}, the teacher's {tuple(values[name].shape)}"
    return None


@torch.no_grad()
def copy_units(source: nn.Module, target: nn.Module, choice: Mapping[str, Tensor]) -> int:
    """Fill the target with the chosen units of the source; nothing is shared afterwards.

    Args:
        source: the larger encoder (`tower`, `head`).
        target: the smaller one, changed in place.
        choice: group of the source -> numbers of the units that the target gets, in order. `layers` says which layer
            of the source each layer of the target is.

    Returns:
        How many weights were copied.

    Raises:
        UsageError: the shapes do not fit (`why_not` says why).
    """
    if reason := why_not(source, target):
        raise UsageError(f"weights cannot be inherited: {reason}")
    values, units = dict(source.named_parameters()), TransformerUnits.of(source)
    layers = choice["layers"].tolist()
    count = 0
    for name, value in target.named_parameters():
        origin = _LAYER.sub(lambda found: f"{found[1]}{layers[int(found[2])]}{found[3]}", name)
        taken: Tensor = values[origin]
        for position, axis in enumerate(units.axes[origin]):
            if axis is not None:
                chosen = choice[axis[0]].to(taken.device)
                block = torch.arange(axis[1], device=taken.device)
                taken = taken.index_select(position, (chosen[:, None] * axis[1] + block).flatten())
            elif taken.shape[position] > value.shape[position]:  # later places of a text
                taken = taken.narrow(position, 0, value.shape[position])
        value.copy_(taken)
        count += value.numel()
    return count


def sizes_of(target: nn.Module, source: nn.Module) -> dict[str, int]:
    """Group of the source -> how many of its units a target of this size needs."""
    ours, theirs = TransformerUnits.of(target).counts, TransformerUnits.of(source).counts
    return {group: ours[group if group in ("hidden", "layers") else group.split(".")[0] + ".0"] for group in theirs}


def _config(encoder: nn.Module) -> Any:
    tower: Any = encoder.tower
    return tower.config


def _head_width(encoder: nn.Module) -> int:
    config = _config(encoder)
    return int(config.hidden_size) // int(config.num_attention_heads)


def _words(encoder: nn.Module) -> str | None:
    return getattr(getattr(encoder, "spec", None), "tokenizer", None)

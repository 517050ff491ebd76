"""`Part`: a layer inside a stage, and `Moving`: the moving average of something that trains."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor, nn

from limbeck.core.describe import signature_of
from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.features import Features
from limbeck.core.term import Ref


@dataclass(frozen=True)
class Part:
    """A layer that eats outputs of other producers and is itself a producer: `Ref("name", "output")`.

    The layer's `forward` takes named tensors (rows first) and returns one tensor, which is the output `pooled`, or a
    mapping of named ones. It runs once a batch, on every row that has all modalities of its inputs and that a term
    wants, in fp32. Outputs have one entry a row; those that have not are named in the class attribute `rowless` of the
    layer and are handed on whole (scalars always are).

    Named in `StageSpec.trains` it trains; otherwise its weights are constants that gradient passes through. A layer in
    a recipe is a description: every run builds its own, with weights of its own seed.

    A layer with a method `bind(encoders)` is given the live encoders (`student.image`, `teacher.image`, ...) before
    training. What it keeps of a teacher it keeps in a `Frozen`; of a student, in a plain list: nothing is registered.

    Args:
        layer: `nn.Module` that keeps its constructor's arguments.
        inputs: name of an argument of `forward` -> encoder, teacher, scale, target, other part, or `progress`.
        modality: that the outputs stand for in evaluation; "" takes that of the inputs where there is one only.
    """

    layer: nn.Module
    inputs: Mapping[str, Ref] = field(default_factory=dict)
    modality: str = ""

    def __call__(self, inputs: Mapping[str, Tensor], *, trains: bool) -> Features:
        """Run the layer; gradient reaches the inputs always and the weights where it `trains`."""
        if trains:
            found = self.layer(**inputs)
        else:
            constant = {name: value.detach() for name, value in self.layer.named_parameters()}
            found = torch.func.functional_call(self.layer, constant, (), dict(inputs)) if constant else None
            found = self.layer(**inputs) if found is None else found
        if isinstance(found, Tensor):
            return Features(pooled=found)
        fixed = {name: found[name] for name in ("pooled", "tokens", "mask") if name in found}
        return Features(**fixed, extras={name: value for name, value in found.items() if name not in fixed})

    def arguments(self) -> dict[str, bool]:
        """Argument of the layer's `forward` -> whether it is required."""
        parameters = list(inspect.signature(type(self.layer).forward).parameters.values())[1:]
        named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        return {p.name: p.default is inspect.Parameter.empty for p in named}

    @property
    def rowless(self) -> tuple[str, ...]:
        """Outputs without an entry a row."""
        return tuple(getattr(self.layer, "rowless", ()))


@dataclass(frozen=True)
class Moving:
    """average <- decay * average + (1 - decay) * weights, after every step; frozen, and read like a teacher.

    Args:
        of: the encoder or part that is followed (`student.image`); it has to train in the stage, or borrow what trains
            (`bind`): then its average borrows from that encoder's average, which the stage has to have.
        decay: in (0, 1).
        inputs: of a followed part: what the average eats; empty eats what the part itself eats.
    """

    of: str
    decay: float = 0.995
    inputs: Mapping[str, Ref] = field(default_factory=dict)


class Frozen:
    """Holds a module that is somebody else's: not registered, so in no `state_dict` and in no optimizer.

    Args:
        module: put in eval mode and frozen here.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module.eval().requires_grad_(False)

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """Run it; gradient reaches the inputs."""
        return self.module(*inputs, **named)


def make_parts(
    parts: Mapping[str, Part | Moving], *, seed: int, encoders: Mapping[str, Encoder] | None = None
) -> dict[str, Part | Moving]:
    """The parts of one run: new layers whose weights are a function of the seed and the part's name.

    Args:
        parts: as the recipe describes them; left as they are.
        seed: of the run. The caller's random state is left alone.
        encoders: live encoders for layers with `bind`.
    """
    made: dict[str, Part | Moving] = {}
    for name, part in parts.items():
        if isinstance(part, Moving):
            made[name] = part
            continue
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int.from_bytes(sha256(f"{seed}/part/{name}".encode()).digest()[:7], "big"))
            layer = fresh(part.layer)
        made[name] = replace(part, layer=layer)
    bind_parts(made, encoders or {})
    return made


def bind_parts(parts: Mapping[str, Part | Moving], encoders: Mapping[str, Encoder]) -> None:
    """Show the encoders to the layers that ask for them.

    Raises:
        UsageError: a layer makes somebody else's weights its own.
    """
    for name, part in parts.items():
        if not isinstance(part, Part) or not hasattr(part.layer, "bind"):
            continue
        before = {key for key, _ in part.layer.named_parameters()}
        bind: Any = part.layer.bind
        bind(dict(encoders))
        if grown := sorted({key for key, _ in part.layer.named_parameters()} - before):
            raise UsageError(
                f"part '{name}' registers {', '.join(grown[:3])} in bind; keep what a teacher lends in a Frozen"
            )


def fresh(value: Any) -> Any:
    """The same constructor call again, inner modules included: new weights from torch's random state."""
    if isinstance(value, (list, tuple)):
        return tuple(fresh(item) for item in value)
    if isinstance(value, Mapping):
        return {key: fresh(item) for key, item in value.items()}
    if not isinstance(value, nn.Module):
        return value
    arguments, positional = {}, []
    for parameter in signature_of(type(value)):
        if not hasattr(value, parameter.name):
            raise UsageError(f"{type(value).__name__} does not keep its argument '{parameter.name}' under that name")
        given = fresh(getattr(value, parameter.name))
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(given)
        else:
            arguments[parameter.name] = given
    return type(value)(*positional, **arguments)

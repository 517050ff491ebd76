"""Inputs made from annotations: what a jaxtyping signature asks for, as random tensors."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

SIZES = {"n": 7, "d": 6, "e": 5, "m": 4, "t": 3, "s": 4, "v": 9, "h": 2, "k": 4, "b": 2}


def shaped(annotation: Any) -> Any:
    """The jaxtyping type inside `Float[Tensor, "n d"]` or `Float[Tensor, "n d"] | None`; None for anything else."""
    options = typing.get_args(annotation) if typing.get_origin(annotation) in (typing.Union, types.UnionType) else ()
    for option in (annotation, *options):
        if hasattr(option, "dim_str") and hasattr(option, "dtypes"):
            return option
    return None


def shapes(function: Callable[..., Any]) -> dict[str, Any]:
    """Name -> jaxtyping type (None where it is not one) of every keyword-only parameter."""
    hints = typing.get_type_hints(function)
    parameters = inspect.signature(function).parameters.values()
    return {p.name: shaped(hints.get(p.name)) for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def axes(annotation: Any) -> tuple[str, ...]:
    """Names of the axes, in order."""
    return tuple(annotation.dim_str.split())


def tensors(
    function: Callable[..., Any], *, seed: int = 0, optional: bool = False, sizes: Mapping[str, int] | None = None
) -> dict[str, Tensor]:
    """Random inputs by name; `mask` is left to the caller, optional ones come with `optional=True`.

    Floats are normal, scalars lie in [1, 3] (scales are positive), integers in [0, n / 2] so that some of them repeat.
    """
    known = SIZES | dict(sizes or {})
    generator = torch.Generator().manual_seed(seed)
    made: dict[str, Tensor] = {}
    parameters = inspect.signature(function).parameters
    for name, annotation in shapes(function).items():
        if annotation is None or name == "mask" or (parameters[name].default is None and not optional):
            continue
        made[name] = tensor(annotation, known, generator)
    return made


def tensor(annotation: Any, sizes: Mapping[str, int], generator: torch.Generator) -> Tensor:
    """One random tensor for one annotation."""
    shape = [int(axis) if axis.isdigit() else sizes[axis] for axis in axes(annotation)]
    kinds = " ".join(str(kind) for kind in annotation.dtypes)
    if "float" in kinds:
        return torch.randn(shape, generator=generator) if shape else 1 + 2 * torch.rand((), generator=generator)
    if "int" in kinds:
        return torch.randint(0, sizes["n"] // 2 + 1, shape, generator=generator)
    return torch.rand(shape, generator=generator) < 0.5


def construct(cls: type, **given: Any) -> Any:
    """An object of `cls`; arguments without default get a small number of the annotated type."""
    hints = typing.get_type_hints(cls.__init__)
    samples = {int: 8, float: 0.5, str: "x", bool: True}
    for parameter in inspect.signature(cls).parameters.values():
        if parameter.default is inspect.Parameter.empty and parameter.name not in given:
            given[parameter.name] = samples[hints[parameter.name]]
    return cls(**given)


def changed_arguments(cls: type) -> dict[str, Any]:
    """Every plain constructor argument with another value than its default."""
    changed = {}
    for parameter in inspect.signature(cls).parameters.values():
        value = parameter.default
        if isinstance(value, bool):
            changed[parameter.name] = not value
        elif isinstance(value, int):
            changed[parameter.name] = value + 1
        elif isinstance(value, float):
            changed[parameter.name] = value * 0.5 + 0.01
    return changed

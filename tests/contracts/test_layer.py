"""Every layer, fuser and head that the walk finds keeps what `limbeck.core.part` asks of a layer."""

from __future__ import annotations

import inspect
import json
import typing
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from contracts.generate import SIZES, axes, construct, shaped, tensor
from limbeck.core.describe import build, describe, signature_of
from limbeck.core.discovery import parts, roles
from limbeck.core.part import fresh
from limbeck.fusers.co_attention import CoAttentionFuser
from limbeck.heads.match import MatchHead


def by_name_only(cls: type) -> bool:
    """Whether a stage can run it, with shapes that are said; others stand inside networks and have tests there."""
    arguments = list(inspect.signature(cls.forward).parameters.values())[1:]
    hints = typing.get_type_hints(cls.forward)
    return all(p.kind is inspect.Parameter.KEYWORD_ONLY and hints.get(p.name) is not Tensor for p in arguments)


FOUND = {
    path: cls
    for base, room in roles().values()
    if base is nn.Module
    for path, cls in parts(base, room).items()
    if by_name_only(cls)
}
# A required argument for which a whole number would not do, by the name that all layers use for it.
GIVEN = {
    "fuser": lambda: CoAttentionFuser(8, query_width=8, key_width=8),
    "head": lambda: MatchHead(8),
    "levels": lambda: 4,
    "widths": lambda: (8, 6),
    "table": lambda: (0, 1, 2, 3, 0, 1, 2, 3),
}
# t: integer inputs reach up to 3 and may be places among tokens
WIDTHS = SIZES | {"d": 8, "e": 8, "v": 8, "k": 8, "w": 8, "t": 5, "c": 2, "h": 8}
# Layers that borrow from a teacher are run by their own tests.
BOUND = {path for path, cls in FOUND.items() if hasattr(cls, "bind")}

every_layer = pytest.mark.parametrize("path", FOUND)
every_free_layer = pytest.mark.parametrize("path", sorted(set(FOUND) - BOUND))


def made(path: str) -> nn.Module:
    torch.manual_seed(0)
    cls = FOUND[path]
    required = [p.name for p in signature_of(cls) if p.default is inspect.Parameter.empty]
    return construct(cls, **{name: GIVEN[name]() for name in required if name in GIVEN})


def annotations(layer: nn.Module) -> dict[str, Any]:
    """Argument of `forward` -> its jaxtyping annotation, None where it has none."""
    hints = typing.get_type_hints(type(layer).forward)
    names = list(inspect.signature(type(layer).forward).parameters)[1:]
    return {name: shaped(hints.get(name)) for name in names}


def given(layer: nn.Module, *, rows: int = 7, seed: int = 0) -> dict[str, Tensor]:
    """Inputs by annotation; an axis named like an integer attribute of the layer has that size."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, annotation in annotations(layer).items():
        sizes = WIDTHS | {"n": rows}
        sizes |= {
            axis: getattr(layer, axis) for axis in axes(annotation) if isinstance(getattr(layer, axis, None), int)
        }
        found[name] = tensor(annotation, sizes, generator)
    return found


def outputs(layer: nn.Module, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    torch.manual_seed(1)
    found = layer(**inputs)
    return {"pooled": found} if isinstance(found, Tensor) else dict(found)


def test_found() -> None:
    assert len(FOUND) >= 5


@every_layer
def test_inputs_are_shaped_and_the_source_is_named(path: str) -> None:
    layer = made(path)
    assert None not in annotations(layer).values()
    text = inspect.getdoc(type(layer)) or ""
    for part in ("Use when", "Source:"):
        assert part in text, f"docstring lacks {part!r}"


@every_layer
def test_describe_and_build_round_trip(path: str) -> None:
    layer = made(path)
    plain = json.loads(json.dumps(describe(layer)))
    again = build(plain)
    assert type(again) is type(layer)
    assert describe(again) == plain
    assert describe(fresh(layer)) == plain


@every_free_layer
def test_answers_are_finite_fp32_and_declared(path: str) -> None:
    layer = made(path)
    for rows in (7, 1):
        inputs = given(layer, rows=rows)
        found = outputs(layer, inputs)
        declared = getattr(layer, "outputs", ())
        assert not declared or set(found) == set(declared)
        for name, value in found.items():
            assert value.dtype is torch.float32 or not value.is_floating_point()
            assert value.isfinite().all(), name
            if inputs and name not in getattr(layer, "rowless", ()) and value.ndim:
                assert len(value) == rows


@every_free_layer
def test_eval_is_deterministic_and_inputs_stay(path: str) -> None:
    layer = made(path).eval()
    inputs = given(layer)
    before = {name: value.clone() for name, value in inputs.items()}
    first, second = outputs(layer, inputs), layer(**inputs)
    second = {"pooled": second} if isinstance(second, Tensor) else second
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert all(torch.equal(before[name], inputs[name]) for name in inputs)


@every_free_layer
def test_gradient_reaches_every_weight(path: str) -> None:
    layer = made(path).train()
    inputs = {k: v.requires_grad_() if v.is_floating_point() else v for k, v in given(layer).items()}
    if not any(p.requires_grad for p in layer.parameters()):
        pytest.skip("has no weights")
    total = torch.zeros(())
    for number, value in enumerate(outputs(layer, inputs).values()):
        if value.is_floating_point():
            weights = torch.linspace(1, 2 + number, value.numel()).reshape(value.shape)
            total = total + (value * weights).sum()
    total.backward()
    silent = [name for name, p in layer.named_parameters() if p.requires_grad and p.grad is None]
    assert not silent, f"no gradient reaches {silent}"


@every_free_layer
def test_permuted_rows_give_permuted_answers(path: str) -> None:
    layer = made(path).eval()
    inputs = given(layer)
    if not inputs:
        pytest.skip("looks at no rows")
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    moved = {
        name: value[order] if axes(annotations(layer)[name])[:1] == ("n",) else value for name, value in inputs.items()
    }
    plain, permuted = outputs(layer, inputs), outputs(layer, moved)
    for name in set(plain) - set(getattr(layer, "rowless", ())):
        expected = plain[name]
        if expected.ndim:
            expected = expected[order]
        if expected.ndim >= 2 and expected.shape[1] == 7:  # one answer a pair of rows
            expected = expected[:, order]
        torch.testing.assert_close(permuted[name], expected, rtol=1e-4, atol=1e-5)


@every_free_layer
def test_saved_weights_give_the_same_answers(path: str) -> None:
    layer, inputs = made(path).eval(), given(made(path))
    twin = build(json.loads(json.dumps(describe(layer)))).eval()
    twin.load_state_dict(layer.state_dict())
    expected, found = outputs(layer, inputs), outputs(twin, inputs)
    assert all(torch.equal(expected[name], found[name]) for name in expected)

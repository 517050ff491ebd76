"""What every objective promises, held over every objective that the walk finds."""

from __future__ import annotations

import inspect
import json

import pytest
import torch
from beartype import beartype
from jaxtyping import jaxtyped
from torch import Tensor

from contracts.generate import axes, changed_arguments, construct, shapes, tensors
from limbeck.core.describe import build, describe, signature_of
from limbeck.core.discovery import parts
from limbeck.core.objective import Objective

OBJECTIVES = parts(Objective, "objectives")
# With optional inputs, anchors in the teacher's space may ask for one width on both sides.
ONE_WIDTH = {"d": 6, "e": 6}

every_objective = pytest.mark.parametrize("cls", OBJECTIVES.values(), ids=lambda cls: cls.__name__)
every_call = pytest.mark.parametrize("optional", [False, True], ids=["required", "all"])


def given(cls: type[Objective], optional: bool, *, rows: int = 7, seed: int = 0) -> dict[str, Tensor]:
    sizes = {"n": rows} | (ONE_WIDTH if optional else {})
    return tensors(cls.forward, seed=seed, optional=optional, sizes=sizes)


def leads(cls: type[Objective], inputs: dict[str, Tensor]) -> list[str]:
    """Names of the inputs whose first axis is the rows of the batch."""
    annotations = shapes(cls.forward)
    return [name for name in inputs if axes(annotations[name])[:1] == ("n",)]


def take(cls: type[Objective], inputs: dict[str, Tensor], rows: Tensor) -> dict[str, Tensor]:
    """The inputs of some rows of the batch, in the order given; a pairwise input `(n, n)` loses columns as well."""
    annotations, taken = shapes(cls.forward), dict(inputs)
    for name, value in inputs.items():
        for axis, label in enumerate(axes(annotations[name])):
            if label == "n":
                value = value.index_select(axis, rows)
        taken[name] = value
    return taken


def is_frozen(name: str) -> bool:
    return name.startswith(("teacher", "target"))


def learning(inputs: dict[str, Tensor]) -> list[str]:
    return [name for name, value in inputs.items() if value.is_floating_point() and not is_frozen(name)]


def gradients(
    objective: Objective, inputs: dict[str, Tensor], mask: Tensor | None = None
) -> tuple[Tensor, dict[str, Tensor | None]]:
    """Loss, and the gradient of a sum with unequal weights, so that no row can hide behind another."""
    leaves = {k: v.clone().requires_grad_() if v.is_floating_point() else v for k, v in inputs.items()}
    loss = objective(**leaves) if mask is None else objective(**leaves, mask=mask)
    weights = torch.linspace(1, 2, loss.numel()).reshape(loss.shape)
    # Objectives that end at a clamp or at nothing may return a constant; its gradient is zero.
    total = (loss * weights).sum() + 0 * sum(leaves[name].nan_to_num().sum() for name in learning(inputs))
    total.backward()
    return loss.detach(), {k: v.grad for k, v in leaves.items() if v.is_floating_point()}


def assert_same(first: Tensor, second: Tensor) -> None:
    torch.testing.assert_close(first, second, rtol=1e-5, atol=1e-6)


def test_the_walk_finds_them() -> None:
    assert len(OBJECTIVES) >= 8


@every_objective
def test_the_signature_is_keyword_only_and_shaped(cls: type[Objective]) -> None:
    parameters = list(inspect.signature(cls.forward).parameters.values())[1:]
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in parameters)
    assert None not in shapes(cls.forward).values()
    assert "Float32" in cls.forward.__annotations__["return"]
    assert cls.takes_mask() == ("mask" in shapes(cls.forward))


@every_objective
@every_call
def test_a_checked_call_returns_fp32_rows_or_one_number(cls: type[Objective], optional: bool) -> None:
    checked = jaxtyped(typechecker=beartype)(cls.forward)
    loss = checked(construct(cls), **given(cls, optional))
    assert loss.dtype is torch.float32
    assert loss.shape in ((7,), ())
    assert loss.isfinite().all()


@every_objective
@every_call
def test_gradients_reach_students_only(cls: type[Objective], optional: bool) -> None:
    inputs = given(cls, optional)
    _, found = gradients(construct(cls), inputs)
    assert learning(inputs)
    for name, gradient in found.items():
        if is_frozen(name):
            assert gradient is None or not gradient.any(), f"{name} received gradient"
        else:
            assert gradient is not None, f"{name} received none"
            assert gradient.isfinite().all()
            assert gradient.any(), f"gradient of {name} is zero"


@every_objective
@every_call
def test_permuted_rows_give_a_permuted_loss(cls: type[Objective], optional: bool) -> None:
    inputs, objective = given(cls, optional), construct(cls)
    order = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    loss, permuted = objective(**inputs), objective(**take(cls, inputs, order))
    assert_same(permuted, loss if loss.ndim == 0 else loss[order])


@every_objective
@every_call
def test_masked_rows_might_as_well_not_be_there(cls: type[Objective], optional: bool) -> None:
    if not cls.takes_mask():
        pytest.skip("takes no mask")
    inputs, objective = given(cls, optional), construct(cls)
    mask = torch.tensor([True, False, True, True, False, True, True])
    loss, found = gradients(objective, inputs, mask)
    alone = take(cls, inputs, mask.nonzero().squeeze(1))
    expected, without = gradients(objective, alone) if loss.ndim == 0 else (objective(**alone), None)
    assert_same(loss if loss.ndim == 0 else loss[mask], expected)
    if loss.ndim:
        assert not loss[~mask].any()
    for name in set(leads(cls, inputs)) & set(learning(inputs)):
        assert not found[name][~mask].any()
        if without is not None:
            assert_same(found[name][mask], without[name])


@every_objective
@every_call
@pytest.mark.parametrize("content", [1e4, float("nan"), float("inf")])
def test_the_content_of_masked_rows_has_no_effect(cls: type[Objective], optional: bool, content: float) -> None:
    if not cls.takes_mask():
        pytest.skip("takes no mask")
    inputs, objective = given(cls, optional), construct(cls)
    mask = torch.tensor([True, False, True, True, False, True, True])
    other = dict(inputs)
    for name in leads(cls, inputs):
        other[name] = inputs[name].clone()
        filled = content if inputs[name].is_floating_point() else int(inputs[name].flatten()[0])
        other[name][~mask] = filled
        if axes(shapes(cls.forward)[name])[1:2] == ("n",):
            other[name][:, ~mask] = filled
    first, before = gradients(objective, inputs, mask)
    second, after = gradients(objective, other, mask)
    assert torch.equal(first, second)
    for name in learning(inputs):
        assert torch.equal(before[name], after[name]), f"gradient of {name} changed"


@every_objective
@every_call
def test_inputs_and_objective_stay_as_they_are(cls: type[Objective], optional: bool) -> None:
    inputs, objective = given(cls, optional), construct(cls)
    before = {name: value.clone() for name, value in inputs.items()}
    first = objective(**inputs)
    assert all(torch.equal(before[name], inputs[name]) for name in inputs)
    assert torch.equal(first, objective(**inputs)), "two calls, two answers"
    assert not list(objective.parameters()), "an objective holds no parameters: they belong to a producer"


@every_objective
@every_call
def test_bf16_in_fp32_out_and_no_bf16_inside(cls: type[Objective], optional: bool) -> None:
    objective = construct(cls)
    half = {k: v.bfloat16() if v.is_floating_point() else v for k, v in given(cls, optional).items()}
    full = {k: v.float() if v.is_floating_point() else v for k, v in half.items()}
    expected = objective(**full)
    assert expected.dtype is torch.float32
    assert torch.equal(objective(**half), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = objective(**half)
    assert inside.dtype is torch.float32
    assert torch.equal(inside, expected)


@every_objective
def test_describe_and_build_round_trip_through_json(cls: type[Objective]) -> None:
    for objective in (construct(cls), construct(cls, **changed_arguments(cls))):
        plain = describe(objective)
        again = build(json.loads(json.dumps(plain)))
        assert type(again) is cls
        assert describe(again) == plain
        assert torch.equal(objective(**given(cls, False)), again(**given(cls, False)))


@every_objective
def test_every_argument_is_kept_under_its_name(cls: type[Objective]) -> None:
    changed = changed_arguments(cls)
    objective = construct(cls, **changed)
    for parameter in signature_of(cls):
        assert getattr(objective, parameter.name) == changed.get(parameter.name, getattr(objective, parameter.name))


@every_objective
@every_call
@pytest.mark.parametrize("rows", [1, 2])
def test_few_rows_are_finite(cls: type[Objective], optional: bool, rows: int) -> None:
    loss, found = gradients(construct(cls), given(cls, optional, rows=rows))
    assert loss.isfinite().all()
    assert all(found[name].isfinite().all() for name in learning(given(cls, optional, rows=rows)))


@every_objective
@every_call
def test_all_masked_is_zero(cls: type[Objective], optional: bool) -> None:
    if not cls.takes_mask():
        pytest.skip("takes no mask")
    inputs = given(cls, optional)
    loss, found = gradients(construct(cls), inputs, torch.zeros(7, dtype=torch.bool))
    assert torch.equal(loss, torch.zeros_like(loss))
    assert all(not found[name].any() for name in learning(inputs)), "gradient from masked rows"


@every_objective
@every_call
def test_zero_vectors_and_equal_rows_are_finite(cls: type[Objective], optional: bool) -> None:
    inputs = given(cls, optional)
    for value in (torch.zeros, torch.ones):
        flat = {k: value(v.shape) if v.is_floating_point() and v.ndim >= 2 else v for k, v in inputs.items()}
        loss, found = gradients(construct(cls), flat)
        assert loss.isfinite().all()
        # below 1e3: a zero vector must not blow its gradient up by 1 / epsilon
        assert all(found[name].isfinite().all() and found[name].abs().max() < 1e3 for name in learning(inputs))


@every_objective
def test_an_unknown_input_is_refused(cls: type[Objective]) -> None:
    with pytest.raises(TypeError, match="tempreature"):
        construct(cls)(**given(cls, False), tempreature=torch.ones(()))


@every_objective
def test_the_source_is_named(cls: type[Objective]) -> None:
    text = inspect.getdoc(cls) or ""
    for part in ("Use when", "Source:", "arXiv ", "Differs from the paper:"):
        assert part in text, f"docstring lacks {part!r}"

from __future__ import annotations

import json

import pytest
import torch
from torch import Tensor, nn

from limbeck.core.describe import build, describe, equal
from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.part import Frozen, Moving, Part, fresh, make_parts
from limbeck.core.recipe import Method
from limbeck.core.term import Ref, Term
from limbeck.layers.projector.mlp import MLPProjector
from limbeck.objectives.feature.cosine import CosineLoss
from stages import worlds

IMAGE = Ref("student.image")


class Pair(nn.Module):
    """Two outputs, a weight, and one output that is no row's."""

    rowless = ("table",)

    def __init__(self, inner: nn.Module, *, factor: float = 2.0) -> None:
        super().__init__()
        self.inner = inner
        self.factor = factor

    def forward(self, *, x: Tensor, table_of: Tensor | None = None) -> dict[str, Tensor]:
        return {"pooled": self.inner(x), "double": self.factor * x, "table": self.factor * torch.ones(3)}


class Tail(nn.Module):
    """Sends its input through a module that the teacher lends."""

    def bind(self, encoders: dict[str, Encoder]) -> None:
        self.tail = Frozen(encoders["teacher.image"].last)

    def forward(self, *, x: Tensor) -> Tensor:
        return self.tail(x)


class Thief(Tail):
    def bind(self, encoders: dict[str, Encoder]) -> None:
        self.tail = encoders["teacher.image"].last


def projector() -> MLPProjector:
    return MLPProjector(8, hidden=4, width=3)


def test_outputs_have_the_names_that_the_layer_gives():
    part, x = Part(Pair(projector()), {"x": IMAGE}), torch.randn(5, 8)
    found = part({"x": x}, trains=True)
    assert found.names() == ("pooled", "double", "table")
    assert torch.equal(found["double"], 2 * x)
    assert Part(projector(), {"x": IMAGE})({"x": x}, trains=True).names() == ("pooled",)
    assert part.rowless == ("table",)
    assert part.arguments() == {"x": True, "table_of": False}


def test_weights_that_do_not_train_are_constants_that_gradient_passes():
    part, x = Part(projector(), {"x": IMAGE}), torch.randn(5, 8, requires_grad=True)
    part({"x": x}, trains=False)["pooled"].sum().backward()
    assert x.grad.abs().sum() > 0
    assert all(p.grad is None for p in part.layer.parameters())
    part({"x": x}, trains=True)["pooled"].sum().backward()
    assert all(p.grad is not None for p in part.layer.parameters())


def test_every_run_builds_its_own_weights_from_its_seed():
    parts = {"a": Part(Pair(projector()), {"x": IMAGE}), "b": Part(projector(), {"x": IMAGE})}
    before = torch.get_rng_state()

    def weight(seed: int, name: str = "a") -> Tensor:
        layer = make_parts(parts, seed=seed)[name].layer
        return (layer.inner if name == "a" else layer).into.weight

    assert torch.equal(weight(0), weight(0))
    assert not torch.equal(weight(0), weight(1))
    assert not torch.equal(weight(0), weight(0, "b"))  # two parts of one kind start apart
    assert weight(0) is not parts["a"].layer.inner.into.weight
    assert torch.equal(before, torch.get_rng_state())


def test_fresh_says_which_argument_was_not_kept():
    class Forgets(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()

    with pytest.raises(UsageError, match="Forgets does not keep its argument 'width'"):
        fresh(Forgets(3))


def test_a_teacher_lends_a_module_that_is_nowhere_registered():
    teacher = worlds.Small("image")
    made = make_parts({"tail": Part(Tail(), {"x": IMAGE})}, seed=0, encoders={"teacher.image": teacher})
    x = torch.randn(4, 12, requires_grad=True)
    made["tail"]({"x": x}, trains=False)["pooled"].sum().backward()
    assert x.grad.abs().sum() > 0
    assert not made["tail"].layer.state_dict()
    assert not any(p.requires_grad for p in teacher.last.parameters())
    with pytest.raises(UsageError, match=r"part 'tail' registers tail.bias, tail.weight in bind; keep .* Frozen"):
        make_parts({"tail": Part(Thief(), {"x": IMAGE})}, seed=0, encoders={"teacher.image": teacher})


def test_json_brings_parts_back():
    parts = {"head": Part(projector(), {"x": IMAGE}), "ema.head": Moving("head", decay=0.9, inputs={"x": IMAGE})}
    terms = {"t": Term(CosineLoss(), {"student": Ref("head"), "teacher": Ref("ema.head")})}
    method = Method(terms, parts)
    again = build(json.loads(json.dumps(describe(method))))
    assert equal(again, method)
    assert again.trains() == ("head", "student.image")
    assert not again.needs_teacher()

"""A stage is exact under accumulation for every objective that the package holds."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import prod
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from contracts import generate
from limbeck.core.discovery import parts
from limbeck.core.encoder import Encoder
from limbeck.core.features import Features
from limbeck.core.objective import Objective
from limbeck.core.recipe import Budget, StageSpec
from limbeck.core.sample import Batch
from limbeck.core.scale import LogitScale
from limbeck.core.teacher import LiveTeacher
from limbeck.core.term import Ref, Term
from limbeck.stages.accumulation import backward
from limbeck.stages.stage import Stage

FOUND = parts(Objective, "objectives")
ROWS = 9


class Answering(Encoder):
    """One linear map an output; outputs have the shapes that the objective's annotations ask for."""

    modality = "image"

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        super().__init__()
        self.shapes = dict(shapes)
        self.outputs = tuple(shapes)
        self.width = 0
        self.maps = nn.ModuleDict({name: nn.Linear(4, prod(shape)) for name, shape in shapes.items()})

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        x = view["features"]
        return Features(extras={name: self.maps[name](x).reshape(len(x), *self.shapes[name]) for name in want})


def world(cls: type) -> tuple[StageSpec, dict[str, Any], Batch]:
    """The objective wired to a student, a teacher, scales and targets, by the names and shapes of its inputs."""
    torch.manual_seed(0)
    shapes = generate.shapes(cls.forward)
    required = [name for name, needed in cls.inputs().items() if needed]
    inputs: dict[str, Ref] = {}
    producers: dict[str, Any] = {}
    made: dict[str, dict[str, tuple[int, ...]]] = {"student": {}, "teacher": {}}
    target: dict[str, Tensor] = {}
    sample = generate.tensors(cls.forward, sizes={"n": ROWS})
    for name in required:
        axes = generate.axes(shapes[name])
        if not axes:
            producers[f"student.{name}"] = LogitScale(3.0, bias=-1.0)
            inputs[name] = Ref(f"student.{name}", "bias" if name == "bias" else "scale")
        elif not sample[name].is_floating_point() or axes[0] != "n":
            target[name] = sample[name]
            inputs[name] = Ref("target", name)
        else:
            who = "teacher" if name.startswith(("teacher", "target")) else "student"
            made[who][name] = tuple(sample[name].shape[1:])
            inputs[name] = Ref(f"{who}.image", name)
    if made["student"]:
        producers["student.image"] = Answering(made["student"])
    if made["teacher"]:
        producers["teacher.image"] = LiveTeacher(Answering(made["teacher"]), name="teacher.image", identity="t")
    trains = tuple(name for name in producers if name.startswith("student."))
    spec = StageSpec("contract", {"term": Term(generate.construct(cls), inputs)}, trains, Budget(1, {"image": ROWS}))
    x = torch.randn(ROWS, 4)
    views = {"student.image": {"features": x}, "teacher.image": {"features": x}}
    index = torch.arange(ROWS)
    return spec, producers, Batch(views, {"image": index >= 0}, index, torch.zeros_like(index), target)


def gradients(cls: type, micro: int | None) -> tuple[Tensor, dict[str, Tensor]]:
    spec, producers, batch = world(cls)
    stage = Stage(spec, producers=producers)
    loss = backward(stage, batch, micro_batch=micro).output.loss
    return loss, {name: p.grad for name, p in stage.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("path", FOUND)
def test_micro_batches_equal_one_big_batch(path: str) -> None:
    loss, whole = gradients(FOUND[path], None)
    assert torch.isfinite(loss)
    assert any(bool(gradient.any()) for gradient in whole.values())
    for micro in (1, 4):
        same, pieces = gradients(FOUND[path], micro)
        torch.testing.assert_close(same, loss, atol=1e-5, rtol=1e-5)
        for name, gradient in whole.items():
            torch.testing.assert_close(pieces[name], gradient, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("path", FOUND)
def test_loss_is_the_mean_of_the_objective(path: str) -> None:
    spec, producers, batch = world(FOUND[path])
    out = Stage(spec, producers=producers)(batch)
    term = spec.terms["term"]
    given = {
        name: batch.target[ref.output]
        if ref.producer == "target"
        else producers[ref.producer](want=(ref.output,))[ref.output]
        if isinstance(producers[ref.producer], LogitScale)
        else producers[ref.producer](batch, want=(ref.output,))[ref.output]
        if isinstance(producers[ref.producer], LiveTeacher)
        else producers[ref.producer](batch.view(ref.producer), want=(ref.output,))[ref.output]
        for name, ref in term.inputs.items()
    }
    torch.testing.assert_close(out.loss, term.objective(**given).mean(), atol=1e-6, rtol=1e-6)

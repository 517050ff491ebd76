from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from limbeck.core import graph
from limbeck.core.errors import UsageError
from limbeck.core.part import Moving, Part
from limbeck.core.recipe import StageSpec
from limbeck.core.term import Ref, Term
from limbeck.layers.projector.mlp import MLPProjector
from limbeck.objectives.feature.cosine import CosineLoss
from stages import worlds


class Sum(nn.Module):
    rowless = ("total",)
    outputs = ("pooled", "total")

    def forward(self, *, first: Tensor, second: Tensor) -> dict[str, Tensor]:
        return {"pooled": first + second, "total": (first + second).sum(0)}


def parts() -> dict[str, Part | Moving]:
    return {
        "image": Part(MLPProjector(8, hidden=4, width=8), {"x": worlds.IMAGE}),
        "both": Part(Sum(), {"first": Ref("image"), "second": worlds.TEXT}),
        "late": Part(MLPProjector(8, hidden=4, width=8), {"x": Ref("both", "total")}),
        "ema.image": Moving("image"),
    }


def spec(*names: str, trains: tuple[str, ...] = ("image", "student.image", "student.text")) -> StageSpec:
    terms = {n: Term(CosineLoss(), {"student": Ref(n), "teacher": Ref("teacher.text")}) for n in names}
    return worlds.spec(terms=terms, trains=trains)


def everything() -> dict[str, graph.Producer]:
    return {**worlds.producers(), **parts()}


def test_what_is_read_through_parts():
    refs = graph.refs_of(spec("both"), everything())
    assert {str(ref) for ref in refs} == {
        "both:pooled", "teacher.text:pooled", "image:pooled", "student.text:pooled", "student.image:pooled",
    }  # fmt: skip
    assert graph.modalities("both", everything()) == {"image", "text"}
    assert graph.modalities("ema.image", everything()) == {"image"}
    assert graph.in_order(["both"], everything()) == ["image", "both"]


def test_what_has_rows():
    found = everything()
    assert graph.has_rows("both", found)
    assert not graph.has_rows("late", found)  # it reads nothing that belongs to a row
    assert graph.rowless(Ref("both", "total"), found)
    assert not graph.rowless(Ref("both"), found)
    assert graph.rowless(Ref("student.scale", "scale"), found)
    assert graph.rowless(Ref("progress", "share"), found)
    assert not graph.rowless(Ref("target", "label"), found)


def test_a_circle_is_named():
    found = {**everything(), "image": Part(MLPProjector(8, hidden=4, width=8), {"x": Ref("both")})}
    with pytest.raises(UsageError, match="circle: both -> image -> both"):
        graph.in_order(["both"], found)


@pytest.mark.parametrize(
    ("name", "part", "says"),
    [
        ("both", Part(Sum(), {"first": Ref("imgae"), "second": worlds.TEXT}), "did you mean 'image'"),
        ("both", Part(Sum(), {"frist": Ref("image"), "second": worlds.TEXT}), "unknown input 'frist'.*'first'"),
        ("both", Part(Sum(), {"frist": Ref("image"), "second": worlds.TEXT}), "lacks its input 'first'.*by 'frist'"),
        ("late", Part(Sum(), {"first": Ref("both", "ttl"), "second": worlds.TEXT}), "unknown output 'ttl' in 'both'"),
        ("late", Part(Sum(), {"first": Ref("progress", "x"), "second": worlds.TEXT}), "valid: share, step"),
        ("late", Moving("student.txt"), "follows 'student.txt', which stage 'main' does not train"),
        ("late", Moving("image", decay=1.0), "decay 1.0; valid: above 0 and below 1"),
    ],
)
def test_problems_are_named(name: str, part: Part | Moving, says: str):
    import re

    lines = list(graph.part_problems(spec("late", "both"), {**everything(), name: part}))
    assert any(re.search(says, line) for line in lines), lines


def test_right_parts_have_no_problems():
    assert not list(graph.part_problems(spec("late", "both", "ema.image"), everything()))


def test_averages_are_frozen_copies():
    found = everything()
    made = graph.with_averages(found, {"ema.image"})
    assert made["ema.image"].layer is not found["image"].layer
    assert not any(p.requires_grad for p in made["ema.image"].layer.parameters())
    assert found["image"].layer.into.weight.requires_grad
    with pytest.raises(UsageError, match="unknown producer 'student.scale' in the moving average 'ema.image'"):
        graph.with_averages({**found, "ema.image": Moving("student.scale")}, {"ema.image"})


def test_a_part_that_nothing_trains_or_that_takes_a_name():
    stage = spec("both")
    graph.check_parts({"image": parts()["image"], "both": parts()["both"]}, [stage])
    with pytest.raises(UsageError, match=r"part 'late' \(MLPProjector\) has weights, but no stage trains it"):
        graph.check_parts({"late": parts()["late"]}, [stage])
    for name in ("student.image", "target", "teacher.x"):
        with pytest.raises(UsageError, match="has the name of something else"):
            graph.check_parts({name: parts()["image"]}, [stage])


def test_module_of():
    found = everything()
    assert isinstance(graph.module_of(found["image"]), MLPProjector)
    assert graph.module_of(found["teacher.image"]) is None
    assert graph.module_of(found["student.text"]) is found["student.text"]
    assert torch.is_tensor(next(graph.module_of(found["image"]).parameters()))

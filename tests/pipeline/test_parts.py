from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from limbeck.core.errors import ArtefactError
from limbeck.core.part import Part, make_parts
from limbeck.core.term import Ref
from limbeck.heads.linear import LinearHead
from limbeck.pipeline.parts import load_parts, save_parts

X = {"x": Ref("student.image")}


class Borrowed(nn.Module):
    def bind(self, encoders: object) -> None:
        self.lent = [encoders]

    def forward(self, *, x: Tensor) -> Tensor:
        return x


class Plain(nn.Module):
    def forward(self, *, x: Tensor) -> Tensor:
        return 2 * x


def described() -> dict[str, Part]:
    return {"head.a": Part(LinearHead(4, width=3), X), "plain": Part(Plain(), X)}


def test_weights_come_back_and_layers_that_borrow_are_left_out(tmp_path: Path):
    trained = make_parts({**described(), "tail": Part(Borrowed(), X)}, seed=5)
    save_parts(trained, tmp_path / "parts.safetensors")
    again = load_parts({**described(), "tail": Part(Borrowed(), X)}, tmp_path / "parts.safetensors")
    assert set(again) == {"head.a", "plain"}
    assert torch.equal(again["head.a"].layer.map.weight, trained["head.a"].layer.map.weight)
    assert not again["head.a"].layer.training


def test_nothing_is_written_for_parts_without_weights(tmp_path: Path):
    save_parts({"plain": Part(Plain(), X)}, tmp_path / "parts.safetensors")
    assert list(tmp_path.iterdir()) == []
    assert set(load_parts({"plain": Part(Plain(), X)}, tmp_path / "parts.safetensors")) == {"plain"}


def test_other_weights_are_refused(tmp_path: Path):
    save_parts(make_parts(described(), seed=0), tmp_path / "parts.safetensors")
    with pytest.raises(ArtefactError, match="does not fit part 'head.a'"):
        load_parts({"head.a": Part(LinearHead(5, width=3), X)}, tmp_path / "parts.safetensors")
    with pytest.raises(ArtefactError, match="does not fit part 'head.b'"):
        load_parts({"head.b": Part(LinearHead(4, width=3), X)}, tmp_path / "parts.safetensors")

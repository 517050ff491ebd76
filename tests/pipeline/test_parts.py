from __future__ import annotations

import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from transformers import AutoModel

from encoders.worlds import shake
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.core.part import Part, make_parts
from limbeck.core.term import Ref
from limbeck.data.open import open_source
from limbeck.data.places import caching_in
from limbeck.heads.linear import LinearHead
from limbeck.pipeline.execute import Run, execute, finished
from limbeck.pipeline.measure import measure
from limbeck.pipeline.parts import load_parts, open_run_models, save_parts
from limbeck.verbs.distill import draft, fill
from pipeline import worlds

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


@cache
def answered() -> Run:
    """A run whose words are those of its teacher, two encoders that were aligned first."""
    teacher = f"hf:{worlds.model('vit')}+hf:{worlds.model('bert')}"
    first = draft(worlds.data(), teacher=teacher, student="resnet-xs", draws=0, seed=0, max_bad=0.01)
    recipe = fill(
        first, {"image+text": 28}, method="balanced", steps=2, batch_size=8, learning_rate=1e-3, aligned=False
    )
    recipe = replace(recipe, answers={"text": Ref("teacher.text")})
    return execute(recipe, worlds.root() / "answered", cache=worlds.cache_folder())


@pytest.mark.slow
def test_a_teacher_that_answers_is_behind_the_projectors_that_it_taught_with(tmp_path: Path):
    run = answered()
    source = open_source(worlds.data())
    test = [row for row, found in enumerate(source.rows) if found.split == "test"]
    again = measure(open_run_models(run.recipe, run.folder), source, test, run.recipe.evaluators)
    assert again.to_json() == run.student.to_json()
    assert finished(run.recipe, run.folder) is not None
    shutil.copytree(worlds.model("vit"), tmp_path / "vit")
    changed = AutoModel.from_pretrained(tmp_path / "vit")
    shake(changed)
    changed.save_pretrained(tmp_path / "vit")
    other = replace(run.recipe, teacher=f"hf:{tmp_path / 'vit'}+hf:{worlds.model('bert')}")
    with pytest.raises(UsageError, match="not the ones any more that taught it; do the run again: limbeck run"):
        open_run_models(other, run.folder)


@pytest.mark.slow
def test_a_teacher_that_is_trained_here_has_to_be_there(tmp_path: Path):
    run = answered()
    other = replace(run.recipe, teachers={"old": "recipe:small_clip"}, answers={"text": Ref("old.text")})
    with (
        caching_in(tmp_path),
        pytest.raises(UsageError, match="which this version has not trained in .*; name the cache that has it"),
    ):
        open_run_models(other, run.folder)

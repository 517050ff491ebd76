"""Digits in memory: parts, a recipe as a teacher, and the same weights as on the disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.core.part import Moving, Part
from limbeck.core.recipe import Budget, DataSpec, Optimisation, Recipe, StageSpec
from limbeck.core.term import Ref, Term
from limbeck.evaluation.classification import ClassificationEvaluator
from limbeck.heads.linear import LinearHead
from limbeck.objectives.feature.mse import MSELoss
from limbeck.objectives.logit.cross_entropy import CrossEntropyLoss
from limbeck.objectives.logit.kd import KDLoss
from limbeck.pipeline import apprentice
from limbeck.pipeline.execute import execute, finished, open_bench, prepare_teacher
from limbeck.pipeline.trial import trial

HEAD = Ref("head")


def taught_by_labels(student: str = "mlp-image-s", *, width: int = 32, steps: int = 40) -> Recipe:
    terms = {"classes": Term(CrossEntropyLoss(), {"logits": HEAD, "target_label": Ref("target", "label")})}
    budget = Budget(steps, batch={"image": 64})
    stage = StageSpec("student", terms, ("head", "student.image"), budget, Optimisation(3e-3, precision="fp32"))
    parts = {"head": Part(LinearHead(width, width=10), {"x": Ref("student.image")})}
    evaluators = (ClassificationEvaluator(HEAD),)
    return Recipe("digits", DataSpec("digits"), student, (stage,), parts=parts, evaluators=evaluators)


def large() -> Recipe:
    return replace(taught_by_labels("mlp-image-m", width=128, steps=30), name="large")


def distilled() -> Recipe:
    base = taught_by_labels(steps=20)
    terms = {
        **base.stages[0].terms,
        "kd": Term(KDLoss(), {"student": HEAD, "teacher": Ref("teacher.image", "head:pooled")}),
        "hidden": Term(MSELoss(), {"student": Ref("wide"), "teacher": Ref("expert.image", "hidden.1")}),
        "average": Term(MSELoss(), {"student": HEAD, "teacher": Ref("ema.head")}, 0.1),
    }
    parts = {
        **base.parts,
        "wide": Part(LinearHead(32, width=256), {"x": Ref("student.image")}),
        "ema.student.image": Moving("student.image"),
        "ema.head": Moving("head", inputs={"x": Ref("ema.student.image")}),
    }
    stage = replace(base.stages[0], terms=terms, trains=("head", "student.image", "wide"))
    return replace(base, stages=(stage,), parts=parts, teacher="recipe:large", teachers={"expert": "recipe:large"})


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apprentice, "recipes", lambda: {"large": large})


def test_digits_are_learnt_in_memory(tmp_path: Path):
    recipe = taught_by_labels()
    bench = open_bench(recipe, cache=tmp_path)
    one, again, other = (trial(recipe, bench, seed=seed) for seed in (0, 0, 1))
    metric = one.student.get("accuracy")
    assert metric.value > 0.6
    assert metric.chance == pytest.approx(0.1, abs=0.005)  # not just 1/10: it is that of these answers, dealt at random
    assert metric.n == len(bench.rows.test)
    assert one.student.sound
    assert np.array_equal(metric.items, again.student.get("accuracy").items)
    weight = [run.parts["head"].layer.map.weight for run in (one, again, other)]
    assert torch.equal(weight[0], weight[1])
    assert not torch.equal(weight[0], weight[2])
    assert one.steps == 40
    assert list(tmp_path.iterdir()) == []
    held = trial(recipe, bench, seed=0, split="validation").student.get("accuracy")
    assert held.n == len(bench.rows.validation)


def test_a_recipe_teaches_another_and_the_disk_gives_the_same(tmp_path: Path, known: None):
    recipe, said = distilled(), []
    bench = open_bench(recipe, cache=tmp_path / "cache", notify=said.append)
    assert "training the teacher recipe:large" in said
    taught = prepare_teacher(recipe, bench, folder=tmp_path / "align", notify=said.append)
    assert taught is not None
    assert said.count("training the teacher recipe:large") == 1  # the expert is the same one
    assert set(taught.teachers) == {"teacher.image", "expert.image"}
    short = trial(recipe, bench, taught)
    run = execute(recipe, tmp_path / "run", cache=tmp_path / "cache", bench=bench, taught=taught)
    items = run.student.get("accuracy").items
    assert np.array_equal(items, short.student.get("accuracy").items)
    assert run.teacher is not None
    assert run.teacher.get("accuracy").value > 0.5
    again = finished(recipe, tmp_path / "run")
    assert again is not None
    with torch.no_grad():
        x = {"pixel_values": torch.randn(3, 3, 8, 8)}
        first, second = (one.encoders["image"](x, want=("head:pooled",))["head:pooled"] for one in (run, again))
    assert torch.equal(first, second)


def test_an_unknown_recipe_is_named(tmp_path: Path, known: None):
    with pytest.raises(UsageError, match="unknown recipe 'larg' in the teacher 'recipe:larg'.*did you mean 'large'"):
        open_bench(replace(taught_by_labels(), teacher="recipe:larg"), cache=tmp_path)

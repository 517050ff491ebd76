"""Every recipe that discovery finds round-trips through JSON and runs two steps of each stage on a few icons."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from limbeck.core.describe import build, describe, equal
from limbeck.core.discovery import recipes
from limbeck.core.recipe import Recipe, StageSpec
from limbeck.pipeline import apprentice
from limbeck.pipeline.execute import execute
from pipeline import worlds

NAMES = sorted(recipes())


def small_data() -> str:
    """40 real icons, some without a caption, some captions without an icon."""
    items = [dict(item) for item in worlds.icons()]
    training = [item for item in items if item["split"] == "train"]
    for item in training[:6]:
        item["image"] = ""
    for item in training[6:12]:
        item["text"] = ""
    return str(worlds.as_csv(worlds.root() / "recipes", items))


def small(recipe: Recipe) -> Recipe:
    """The same experiment on little data, two steps a stage."""
    data = recipe.data
    if not data.path.startswith("digits"):  # these are small, and what learns classes needs them
        data = replace(data, path=small_data(), draws=1 if data.augmentations else 0)
    align = recipe.align and replace(recipe.align, stage=_two_steps(recipe.align.stage))
    return replace(recipe, data=data, align=align, stages=tuple(map(_two_steps, recipe.stages)))


def _two_steps(stage: StageSpec) -> StageSpec:
    rows = {kind: min(rows, 4) for kind, rows in stage.budget.batch.items()}
    return replace(stage, budget=replace(stage.budget, steps=2, batch=rows, evaluate_every=0, save_every=0))


@pytest.fixture(autouse=True)
def _small_teachers(monkeypatch):
    """Teachers that a recipe trains first are as small as the recipe."""
    known = recipes()
    monkeypatch.setattr(
        apprentice, "recipes", lambda: {n: (lambda make=make: small(make())) for n, make in known.items()}
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_data(name):
    recipe = recipes()[name]()
    plain = json.loads(json.dumps(describe(recipe)))
    assert equal(build(plain), recipe)
    assert recipe.name == name


@pytest.mark.parametrize("name", [NAMES[0], *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[1:])])
def test_two_steps_run(name, tmp_path: Path):
    run = execute(small(recipes()[name]()), tmp_path / "run", cache=worlds.cache_folder())
    assert run.student.metrics
    assert (run.teacher is None) == (run.recipe.teacher is None)
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()
    stages = {json.loads(line)["stage"] for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()}
    assert stages == {stage.name for stage in run.recipe.stages}


def test_recipes_were_found():
    assert len(NAMES) >= 3

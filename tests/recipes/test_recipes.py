"""Every recipe that discovery finds round-trips through JSON and runs two steps of each stage on a few icons."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from limbeck.core.describe import build, describe, equal
from limbeck.core.discovery import recipes
from limbeck.pipeline.execute import execute
from pipeline import worlds
from recipes.worlds import small, small_teachers

NAMES = sorted(recipes())


@pytest.fixture(autouse=True)
def _small_teachers() -> Iterator[None]:
    with small_teachers():
        yield


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_data(name):
    recipe = recipes()[name]()
    plain = json.loads(json.dumps(describe(recipe)))
    assert equal(build(plain), recipe)
    assert recipe.name == name


@pytest.mark.parametrize("name", NAMES)
def test_two_steps_run(name, tmp_path: Path):
    run = execute(small(recipes()[name]()), tmp_path / "run", cache=worlds.cache_folder())
    assert run.student.metrics
    assert (run.teacher is None) == (run.recipe.teacher is None)
    assert (tmp_path / "run" / "model" / "model.safetensors").is_file()
    stages = {json.loads(line)["stage"] for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()}
    assert stages == {stage.name for stage in run.recipe.stages}


def test_recipes_were_found():
    assert len(NAMES) >= 3

"""Which model and which rows are measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from limbeck.core.describe import describe
from limbeck.core.errors import UsageError
from limbeck.core.spec import ImageSpec
from limbeck.data.open import open_source
from limbeck.encoders.load import load_teacher
from limbeck.pipeline.assess import open_judged, rows_of, transform_of
from pipeline import worlds


def test_a_run_brings_its_recipe_and_a_folder_does_not():
    run = worlds.finished()
    judged = open_judged(str(run.folder))
    assert describe(judged.recipe) == describe(run.recipe)
    assert judged.data == open_source(worlds.data()).fingerprint()
    bare = open_judged(str(run.folder / "model"))
    assert bare.recipe is None
    assert bare.fractions == judged.fractions


def test_rows_of_a_split_are_those_of_a_run(tmp_path):
    items = [dict(item) for item in worlds.icons()]
    test = [n for n, item in enumerate(items) if item["split"] == "test"]
    items[test[0]]["image"] = next(item["image"] for item in items if item["split"] == "train")
    source = open_source(worlds.as_csv(tmp_path, items))
    said: list[str] = []
    fractions = (0.8, 0.1, 0.1)
    assert rows_of(source, "test", fractions, notify=said.append) == test[1:]
    assert "1 test rows are left out" in said[0]
    assert len(rows_of(source, "train", fractions)) == 29
    assert len(rows_of(source, "all", fractions)) == 40
    with pytest.raises(UsageError, match="did you mean 'validation'"):
        rows_of(source, "valdiation", fractions)


def test_transforms_are_said_in_one_line():
    encoder = load_teacher(f"hf:{worlds.model('clip')}").encoders["image"]
    assert transform_of(encoder).startswith("32 x 32 px, shorter side 32, centre crop, bicubic, mean 0.481")
    assert isinstance(encoder.spec, ImageSpec)
    encoder.spec = replace(encoder.spec, shortest_edge=None, mean=(0.5,) * 3, std=(0.5,) * 3)
    assert transform_of(encoder) == "32 x 32 px, squeezed, bicubic, mean 0.5, deviation 0.5"
    encoder.spec = None
    assert transform_of(encoder) == "features as they are"

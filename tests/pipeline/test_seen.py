"""Rows that a model is measured on and was trained on."""

from __future__ import annotations

from limbeck.core.recipe import DataSpec
from limbeck.data.open import open_source
from limbeck.pipeline.seen import data_of_run, flattered, standing_in, trained_on
from pipeline import worlds


def test_rows_that_stand_in_others_are_found_by_their_content(tmp_path):
    items = worlds.icons()
    training = open_source(worlds.as_csv(tmp_path / "a", items[:6]))
    changed = [
        items[0] | {"id": "another-name"},  # the same pair
        items[1] | {"text": "another caption"},  # the same picture
        items[2] | {"image": items[20]["image"]},  # a caption alone is no leak
        items[3] | {"image": ""},  # a caption without a picture is the whole row
        items[30],
    ]
    source = open_source(worlds.as_parquet(tmp_path / "b", changed))
    assert standing_in(source, range(5), training, range(6)) == [0, 1]
    texts = open_source(worlds.as_csv(tmp_path / "c", [{"id": "t", "text": items[3]["text"]}]))
    assert standing_in(source, range(5), texts, [0]) == [3]
    assert standing_in(source, [4, 0], training, [1, 2]) == []
    (tmp_path / "a" / "img" / f"{items[0]['id']}.png").unlink()  # what cannot be read is compared no more
    assert standing_in(source, range(5), training, range(6)) == [1]
    assert standing_in(training, range(2), source, range(5)) == [1]


def test_what_is_said_of_training_rows(tmp_path):
    path = worlds.as_csv(tmp_path / "a", worlds.icons())
    source, spec = open_source(path), DataSpec(str(path))
    seen = trained_on(source, range(40), spec)
    assert seen
    assert flattered(source, range(40), spec).startswith(f"warning: {len(seen)} of 40 rows stand in the training rows")
    assert flattered(source, [row for row in range(40) if row not in seen], spec) == ""
    assert flattered(source, range(40), DataSpec("emoji:label=group")) == ""  # opening it might fetch it
    gone = flattered(source, range(40), DataSpec("gone.csv"))
    assert gone.startswith("note: the run was trained on gone.csv, which cannot be read from here")


def test_only_the_model_folder_of_a_run_belongs_to_one(tmp_path):
    (tmp_path / "model").mkdir()
    assert data_of_run(tmp_path / "model") is None
    (tmp_path / "recipe.json").write_text("{}")
    assert data_of_run(tmp_path / "model") is None

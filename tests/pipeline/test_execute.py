"""A recipe in, a run folder out; what cannot go in is refused."""

from __future__ import annotations

import gc
import json
import shutil
from dataclasses import replace

import pytest

from limbeck.core.artefact import write_json
from limbeck.core.describe import describe
from limbeck.core.errors import ArtefactError, DataError, UsageError
from limbeck.data.open import open_source
from limbeck.pipeline import execute as execute_module
from limbeck.pipeline.execute import (
    check_folder,
    claim_folder,
    execute,
    finished,
    held_apart,
    open_bench,
    open_trained,
    prepare_teacher,
)
from pipeline import worlds


def test_a_finished_run_is_found_again_and_measures_the_same():
    run = worlds.finished()
    again = finished(run.recipe, run.folder)
    assert again is not None
    assert again.reused
    assert again.student.metrics == run.student.metrics
    assert finished(replace(run.recipe, seed=7), run.folder) is None
    assert finished(run.recipe, worlds.root() / "never") is None


def test_a_damaged_run_is_not_found_but_refused(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(worlds.finished().folder, folder)
    (folder / "evaluation.json").write_text("{}")
    with pytest.raises(ArtefactError, match=r"evaluation\.json differs from its manifest"):
        finished(worlds.finished().recipe, folder)


def test_folders(tmp_path):
    recipe = worlds.finished().recipe
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / ".recipe.json.tmp-abcdef-1-12345678").touch()  # killed while it wrote its first file
    claim_folder(recipe, tmp_path / "new")
    assert json.loads((tmp_path / "new" / "recipe.json").read_text()) == json.loads(json.dumps(describe(recipe)))
    claim_folder(recipe, tmp_path / "new")  # interrupted, the same
    with pytest.raises(ArtefactError, match="seed: 0 there, 3 asked for"):
        claim_folder(replace(recipe, seed=3), tmp_path / "new")
    write_json(tmp_path / "new" / "manifest.json", {})
    with pytest.raises(ArtefactError, match="holds a finished run"):
        claim_folder(recipe, tmp_path / "new")
    with pytest.raises(UsageError, match="is a file"):
        check_folder(tmp_path / "new" / "recipe.json")


@pytest.mark.parametrize("below", ["x", "x/y"])
def test_a_folder_below_a_file_is_refused_at_once(below, tmp_path):
    (tmp_path / "pairs.csv").write_text("image,text\n")
    with pytest.raises(
        UsageError, match=rf"^{tmp_path}/pairs.csv is a file; --out {tmp_path}/pairs.csv/{below} cannot"
    ):
        check_folder(tmp_path / "pairs.csv" / below)


def test_a_recipe_without_stages_writes_nothing(tmp_path):
    with pytest.raises(UsageError, match="'distill' has no stage, so that nothing would be trained"):
        claim_folder(replace(worlds.finished().recipe, stages=()), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_without_a_teacher_only_the_student_is_measured(tmp_path):
    from limbeck.core.discovery import methods

    recipe = worlds.finished().recipe
    method = methods()["no_teacher"]()
    stage = replace(recipe.stages[0], terms=method.terms)
    alone = replace(recipe, teacher=None, stages=(stage,))
    run = execute(alone, tmp_path / "run", cache=worlds.cache_folder())
    assert run.teacher is None
    assert set(json.loads((run.folder / "evaluation.json").read_text())) == {"student"}


def test_held_out_rows_that_are_all_leaks_are_named_as_the_reason(tmp_path):
    items = [dict(item) for item in worlds.icons()]
    training = next(item["image"] for item in items if item["split"] == "train")
    for item in items:
        if item["split"] == "test":
            item["image"] = training
    said: list[str] = []
    with pytest.raises(DataError, match=r"split 'test' holds 0 rows .*left out because their pictures stand in train"):
        held_apart(open_source(worlds.as_csv(tmp_path, items)), (0.8, 0.1, 0.1), notify=said.append)
    assert said[0].startswith("5 test rows are left out")


def test_a_further_teacher_is_opened_once_for_all_seeds_and_let_go(tmp_path, monkeypatch):
    opened: list[str] = []
    real = execute_module.open_named

    def counted(name, **options):
        opened.append(name)
        return real(name, **options)

    monkeypatch.setattr(execute_module, "open_named", counted)
    bare = replace(worlds.finished().recipe, teacher=None)
    bench = open_bench(bare, cache=worlds.cache_folder())
    named = replace(bare, teachers={"words": f"hf:{worlds.model('bert')}"})
    first = prepare_teacher(named, bench, folder=tmp_path / "1")
    second = prepare_teacher(replace(named, seed=1), bench, folder=tmp_path / "2")
    assert len(opened) == 1
    assert first.further["words.text"] is second.further["words.text"]
    two = replace(named, teachers={**named.teachers, "other": named.teachers["words"]})
    third = prepare_teacher(two, bench, folder=tmp_path / "3")
    assert third.further["words.text"] is not third.further["other.text"]  # a name of its own is a model of its own
    assert len(opened) == 2
    del first, second, third
    gc.collect()
    assert not bench.opened


def test_a_teacher_is_trained_while_another_one_is(tmp_path, monkeypatch):
    """One that waited for the other could wait for ever: a recipe's teacher may have a trained teacher itself."""
    asked = []

    class Enough(Exception):
        pass

    def instead(recipe, out, **_):
        asked.append(recipe.name)
        if len(asked) == 1:  # as a recipe whose own teacher is `recipe:taid`
            open_trained("recipe:taid", cache=tmp_path)
        raise Enough

    monkeypatch.setattr("limbeck.pipeline.execute.execute", instead)
    said: list[str] = []
    with pytest.raises(Enough):
        open_trained("recipe:digits_teacher", cache=tmp_path, notify=said.append)
    assert asked == ["digits_teacher", "taid"]
    assert not any("waiting" in line for line in said)

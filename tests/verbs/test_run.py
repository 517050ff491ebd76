"""`limbeck run`: recipes by name or from the JSON of an earlier run, with changes."""

from __future__ import annotations

import json

import pytest

from limbeck import cli
from limbeck.core.describe import describe
from limbeck.core.discovery import recipes
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.verbs.run import resolve, run
from pipeline import worlds


def test_the_json_of_a_run_makes_the_same_model_again(tmp_path):
    first = worlds.finished()
    again = run(str(first.folder / "recipe.json"), out=tmp_path / "again", cache=worlds.cache_folder())
    assert worlds.weights(again.folder) == worlds.weights(first.folder)
    assert (again.folder / "recipe.json").read_bytes() == (first.folder / "recipe.json").read_bytes()


def test_a_change_is_in_the_recipe_and_in_the_model(tmp_path, capsys):
    first = worlds.finished()
    out = tmp_path / "changed"
    arguments = [str(first.folder / "recipe.json"), "--out", str(out), "--cache", str(worlds.cache_folder())]
    assert cli.main(["run", *arguments, "--set", "seed=5", "--set", "stages.0.budget.steps=3"]) == 0
    plain = json.loads((out / "recipe.json").read_text())
    assert (plain["seed"], plain["stages"][0]["budget"]["steps"]) == (5, 3)
    assert worlds.weights(out) != worlds.weights(first.folder)
    assert "next:" in capsys.readouterr().out


def test_names():
    known = recipes()
    assert describe(resolve("icons")) == describe(known["icons"]())
    assert resolve("icons", ("seed=2",)).seed == 2
    with pytest.raises(UsageError, match="unknown recipe 'icns'; .*did you mean 'icons'"):
        resolve("icns")
    with pytest.raises(UsageError, match="did you mean 'seed'"):
        resolve("icons", ("sead=2",))
    with pytest.raises(ArtefactError, match=r"nowhere\.json does not exist"):
        resolve("nowhere.json")


def test_what_is_no_recipe(tmp_path):
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ArtefactError, match=r"broken\.json"):
        resolve(str(tmp_path / "broken.json"))
    part = resolve("icons").evaluators[0]
    (tmp_path / "part.json").write_text(json.dumps(describe(part)))
    with pytest.raises(UsageError, match="describes a RetrievalEvaluator, not a Recipe"):
        resolve(str(tmp_path / "part.json"))


def test_mistakes_leave_nothing_behind(tmp_path, capsys):
    recipe = str(worlds.finished().folder / "recipe.json")
    assert cli.main(["run", recipe, "--out", str(tmp_path / "run"), "--set", "student=conv-z"]) == 2
    assert "did you mean 'conv-" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    assert cli.main(["run", recipe, "--out", str(worlds.finished().folder)]) == 4
    assert "holds a finished run" in capsys.readouterr().err


def test_data_that_is_elsewhere(tmp_path, capsys, monkeypatch):
    """A recipe of an earlier run names its data from the folder in which it was made."""
    plain = json.loads((worlds.finished().folder / "recipe.json").read_text())
    plain["data"]["path"] = "pairs.csv"
    written = tmp_path / "recipe.json"
    written.write_text(json.dumps(plain))
    monkeypatch.chdir(tmp_path)
    arguments = ["run", str(written), "--out", "again", "--cache", str(worlds.cache_folder())]
    assert cli.main(arguments) == 3
    said = capsys.readouterr().err
    assert f"names its data 'pairs.csv', which is not in {tmp_path}; run it from the folder" in said
    assert cli.main([*arguments, "--set", "data.path=pear.csv"]) == 3
    assert "'pear.csv', which is not in" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()

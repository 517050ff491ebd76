from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import limbeck
from limbeck.compare.crew import _environment
from limbeck.data.places import cache_folder
from limbeck.verbs.kept import kept_in_cache
from pipeline import worlds


@kept_in_cache
def asked(word: str, *, cache: Path | str | None = None) -> tuple[str, Path, str]:
    return word, cache_folder(), _environment()["LIMBECK_CACHE"]


def test_inside_a_verb_the_cache_is_the_one_that_was_asked_for(tmp_path: Path) -> None:
    before = cache_folder()
    for given in (tmp_path / "a", str(tmp_path / "a")):
        assert asked("x", cache=given) == ("x", tmp_path / "a", str(tmp_path / "a"))  # workers are told as well
    assert asked("x") == ("x", before, str(before))
    assert cache_folder() == before


def test_built_in_data_is_drawn_into_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    limbeck.doctor("digits:size=16", cache=str(tmp_path / "asked"))
    capsys.readouterr()
    assert [place.name[:9] for place in (tmp_path / "asked").iterdir()] == ["pixels-16"]


def test_folders_may_be_strings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = worlds.arguments(tmp_path / "run")
    words = {name: str(value) if isinstance(value, Path) else value for name, value in given.items()}
    done = limbeck.distill(str(worlds.data("csv")), **words)
    assert done.folder == tmp_path / "run"
    again = limbeck.run(str(tmp_path / "run" / "recipe.json"), out=str(tmp_path / "again"), cache=words.get("cache"))
    assert worlds.weights(again.folder) == worlds.weights(done.folder)
    assert "next:" in capsys.readouterr().out


def test_every_verb_with_a_cache_keeps_there() -> None:
    code = (
        "import inspect, json; from limbeck import cli\n"
        "found = {name: cli.verb(name) for name in cli.commands()}\n"
        "print(json.dumps({name: hasattr(verb, '__wrapped__') for name, verb in found.items()"
        " if 'cache' in inspect.signature(verb).parameters}))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    kept = json.loads(said)
    assert {"demo", "distill", "doctor", "run", "compare", "claims", "data"} <= set(kept)
    assert all(kept.values()), kept

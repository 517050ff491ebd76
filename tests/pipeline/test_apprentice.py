from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from limbeck.core.errors import UsageError
from limbeck.pipeline import apprentice
from limbeck.pipeline.apprentice import place_of, recipe_of
from pipeline.test_trial import large, taught_by_labels


def test_recipes_are_found_by_name():
    assert recipe_of("recipe:icons").name == "icons"
    with pytest.raises(UsageError, match="unknown recipe 'icnos' in the teacher 'recipe:icnos'.*did you mean 'icons'"):
        recipe_of("recipe:icnos")


def test_the_place_says_what_was_trained_and_by_which_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first = place_of(large(), tmp_path)
    assert first.parent == tmp_path / "apprentices"
    assert first == place_of(large(), tmp_path)
    others = [taught_by_labels(), replace(large(), seed=1), replace(large(), student="mlp-image-s")]
    assert len({first, *(place_of(other, tmp_path) for other in others)}) == 4
    sources = apprentice._code({})
    assert {"limbeck.stages.loop", "limbeck.stages.stage", "limbeck.encoders.student"} <= sources.keys()
    assert "limbeck.heads.linear" not in sources
    assert "limbeck.heads.linear" in apprentice._code({"x": [{"part": "limbeck.heads.linear.LinearHead"}]})
    monkeypatch.setattr(apprentice, "_code", lambda plain: {**sources, "limbeck.stages.loop": "changed"})
    assert place_of(large(), tmp_path) != first

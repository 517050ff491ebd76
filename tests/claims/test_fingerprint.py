"""Code that matters changes the fingerprint; words about it do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from claims import worlds
from limbeck.claims.fingerprint import code_fingerprint, code_modules, source_file, training_code
from limbeck.claims.found import find_claim


def of(tmp_path: Path, name: str, *changes: tuple[str, str]) -> str:
    text = worlds.FILE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    with worlds.papered(tmp_path, text):
        return code_fingerprint(find_claim(name))


@pytest.mark.parametrize(
    ("name", "change", "matters"),
    [
        ("fresh_claim", ("Budget(5", "Budget(6"), True),
        ("fresh_claim", ("affinity_mimicking())", "feature_matching())"), True),
        ("fresh_claim", ('"feature matching": "fresh_features"', '"features": "fresh_features"'), True),
        ("fresh_claim", ('metric="image<->text MRR"', 'metric="image<->text R@1"'), True),
        ("fresh_claim", ("Affinities help.", "Affinities help a lot."), False),
        ("fresh_claim", ('"""The pairs alone."""', '"""Pairs."""\n    # alone'), False),
        ("fresh_claim", ("values / 2", "values / 3"), False),
        ("fresh_study", ("values / 2", "values / 3"), True),
        ("fresh_study", ('"""Twice as much is more."""', '"""More.\n\n    Much more.\n    """'), False),
    ],
)
def test_what_matters(tmp_path: Path, name: str, change: tuple[str, str], matters: bool):
    assert (of(tmp_path, name) != of(tmp_path, name, change)) == matters


def test_it_reaches_the_maths_and_not_the_loop(tmp_path: Path):
    with worlds.papered(tmp_path):
        found = code_modules(find_claim("fresh_claim"))
        study = code_modules(find_claim("fresh_study"))
    assert "limbeck.objectives.affinity.affinity_mimicking" in found  # a part of the method
    assert "limbeck.objectives.feature.cosine" in found  # of a baseline
    assert "limbeck.functional.divergence" in found  # what a part imports
    assert "limbeck.evaluation.ranking" in found
    assert not [name for name in found if name.split(".")[1] in ("stages", "pipeline", "core", "claims", "recipes")]
    assert "limbeck.recipes.papers.fresh_paper" in study
    assert source_file("limbeck.functional.divergence").name == "divergence.py"
    with pytest.raises(ModuleNotFoundError):
        source_file("limbeck.functional.nothing")


def test_the_training_loop_is_noted_module_by_module(tmp_path: Path) -> None:
    assert {"loop", "optimizer", "muon", "stage"} <= training_code().keys()
    (tmp_path / "loop.py").write_text('"""Words."""\nRATE = 1  # a comment\n')
    before = training_code(tmp_path)
    (tmp_path / "loop.py").write_text('"""Other words."""\nRATE = 1\n')
    assert training_code(tmp_path) == before
    (tmp_path / "loop.py").write_text("RATE = 2\n")
    assert training_code(tmp_path).keys() == before.keys()
    assert training_code(tmp_path) != before

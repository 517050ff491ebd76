"""Studies are frozen data that discovery finds by their annotation."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import pytest

from limbeck import recipes
from limbeck.core import discovery
from limbeck.core.recipe import Claim
from limbeck.core.study import Scores, Study

FILE = '''"""A paper."""
from __future__ import annotations
from limbeck.core.recipe import Claim
from limbeck.core.study import Study


def found() -> Study:
    """Found without an edit."""
    return Study("found", measure=_measure, claim=Claim("s", "s", "m"))


def _measure(seed, lab):
    return {"method": {"m": [float(seed)]}}
'''


def test_a_study_is_frozen():
    def measure(seed: int, lab: Any) -> Mapping[str, Scores]:
        return {"method": {"m": [1.0]}}

    study = Study("a", measure=measure, claim=Claim("s", "s", "m"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        study.name = "b"  # type: ignore[misc]


def test_discovery_finds_a_study(tmp_path, monkeypatch):
    (tmp_path / "fresh_study.py").write_text(FILE)
    assert "found" not in discovery.studies()
    monkeypatch.setattr(recipes, "__path__", [*recipes.__path__, str(tmp_path)])
    assert discovery.studies()["found"]().measure(3, None) == {"method": {"m": [3.0]}}

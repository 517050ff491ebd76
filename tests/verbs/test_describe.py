"""`limbeck describe` by short name and import path, for parts, methods, recipes and studies."""

from __future__ import annotations

import json

import pytest

from limbeck.core import discovery
from limbeck.core.describe import build, equal
from limbeck.core.errors import UsageError
from limbeck.verbs.describe import describe

PATH = "limbeck.objectives.affinity.affinity_mimicking.AffinityMimickingLoss"


def test_a_short_name_and_an_import_path_are_one_thing(capsys):
    assert describe("AffinityMimickingLoss") == describe(PATH)
    shown = capsys.readouterr().out
    assert shown.startswith(PATH)
    assert "AffinityMimickingLoss(teacher_temperature: float = 0.01)" in shown
    assert "arXiv 2309.12314" in shown
    assert "affinity_mimicking.py" in shown
    assert "called with: forward(*, " in shown


def test_the_json_builds_the_part_again():
    plain = json.loads(json.dumps(describe("AffinityMimickingLoss")["json"]))
    assert build(plain).teacher_temperature == 0.01


def test_a_method_is_shown_resolved():
    found = describe("balanced")
    assert equal(build(found["json"]), discovery.methods()["balanced"]())
    assert found["signature"] == "balanced()"


def test_a_study_is_shown_with_its_claim(capsys):
    found = describe("dcd_speed")
    assert found["name"] == "limbeck.recipes.papers.dcd_speed.dcd_speed"
    assert found["json"]["claim"]["metric"] == "times as fast"
    assert "Times as fast over 250 and 1,000 items." in capsys.readouterr().out


def test_layers_fusers_and_augmentations_are_found_by_their_short_names(capsys):
    assert describe("CoAttentionFuser")["name"].startswith("limbeck.fusers.")
    assert "called with: forward(*, " in capsys.readouterr().out
    assert describe("RandomAffine")["json"]["part"].startswith("limbeck.data.augmentation.")


def test_a_part_that_needs_arguments_has_no_json():
    assert describe("CosineSchedule")["json"] is None


@pytest.mark.parametrize("name", sorted(discovery.every_part()))
def test_every_part_can_be_described(name, capsys):
    assert describe(name)["name"] == name
    assert capsys.readouterr().out


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'InfoNCELoss'"):
        describe("InfoNCLoss")
    with pytest.raises(UsageError, match="did you mean 'limbeck.objectives.contrastive.info_nce.InfoNCELoss'"):
        describe("limbeck.objectives.contrastive.info_nce.InfoNCLoss")
    for slip, name in (
        ("CoAttentionFusr", "CoAttentionFuser"),
        ("RandomAfine", "RandomAffine"),
        ("dcd_sped", "dcd_speed"),
    ):
        with pytest.raises(UsageError, match=f"unknown part, method, recipe or study .* did you mean '{name}'"):
            describe(slip)


def test_a_name_of_two_things_asks_for_the_path(monkeypatch):
    twice = {"limbeck.a.Same": int, "limbeck.b.Same": str}
    monkeypatch.setattr(discovery, "everything", lambda: twice)
    with pytest.raises(UsageError, match=r"name of 2 things; take one of: limbeck\.a\.Same, limbeck\.b\.Same"):
        describe("Same")

"""`limbeck list` shows every part under its role."""

from __future__ import annotations

import pytest

from limbeck.core import discovery
from limbeck.core.errors import UsageError
from limbeck.verbs.list import list as list_parts


def test_everything_is_grouped_by_role(capsys):
    found = list_parts()
    assert found.keys() == {*discovery.roles(), "method", "recipe", "study"}
    assert {path for role in discovery.roles() for path in found[role]} == discovery.every_part().keys()
    shown = capsys.readouterr().out
    assert f"objective ({len(found['objective'])})" in shown
    assert "  InfoNCELoss " in shown
    assert found["objective"]["limbeck.objectives.contrastive.info_nce.InfoNCELoss"] in shown


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("augmentation", "RandomAffine"),
        ("fuser", "CoAttentionFuser"),
        ("head", "MatchHead"),
        ("jitter", "RandomShift"),
        ("layer", "MLPProjector"),
        ("selection", "MagnitudeSelection"),
        ("similarity", "LateInteractionSimilarity"),
        ("study", "dcd_speed"),
    ],
)
def test_no_role_is_left_out(role, name, capsys):
    (entries,) = list_parts(role).values()
    assert name in {path.rpartition(".")[2] for path in entries}
    assert f"  {name} " in capsys.readouterr().out


def test_one_role(capsys):
    assert list_parts("method").keys() == {"method"}
    shown = capsys.readouterr().out
    assert "balanced" in shown
    assert "InfoNCELoss" not in shown


def test_an_unknown_role_is_named():
    with pytest.raises(UsageError, match="unknown role 'methd'; .* did you mean 'method'"):
        list_parts("methd")

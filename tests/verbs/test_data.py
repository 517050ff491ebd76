from __future__ import annotations

from pathlib import Path

import pytest

from data.fake_npm import require_npm
from data.made import pairs
from limbeck import cli
from limbeck.core.errors import DataError
from limbeck.data.places import cache_folder
from limbeck.verbs.data import data


def test_digits(capsys: pytest.CaptureFixture[str]) -> None:
    card = data("digits:classes=0-1")
    said = capsys.readouterr().out.splitlines()
    assert card.name == "digits:classes=0-1"
    assert said[0] == f"digits:classes=0-1: {card.rows} rows"
    assert card.counts["train"] == {"image": sum(card.counts["train"].values())}
    assert any(line.startswith("licence: ") for line in said)
    assert not any("next:" in line for line in said)


def test_a_table_of_ones_own_and_a_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = pairs(tmp_path, 12)
    before = cache_folder()
    data("digits:classes=0,size=4", cache=tmp_path / "cache")
    assert list((tmp_path / "cache").glob("pixels-4-*"))
    assert cache_folder() == before
    data(str(table))
    assert f"next: limbeck doctor {table}" in capsys.readouterr().out


@pytest.mark.slow
def test_emoji(capsys: pytest.CaptureFixture[str]) -> None:
    require_npm()
    card = data("emoji:size=32")
    said = capsys.readouterr().out
    assert card.counts["test"] == {"image+text": 1000}
    assert (card.exact, card.near, card.same_text) == (0, 0, 0)
    assert "domains: apple, facebook, google, twitter; never shown: apple, facebook" in said


def test_slips(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(DataError, match="did you mean the built-in 'digits'"):
        data("digit")
    assert cli.main(["data", "digits:lables=0.1"]) == 2
    assert "did you mean 'labels'?" in capsys.readouterr().err

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from limbeck.core.artefact import verify
from limbeck.data.icon_pictures import icon_pictures


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The drawn pictures in a cache of our own, so that they can be damaged."""
    drawn = icon_pictures()
    shutil.copytree(drawn.folder, tmp_path / drawn.folder.name)
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path))
    return tmp_path / drawn.folder.name


def test_second_use_reuses_what_was_drawn(copied: Path) -> None:
    found = icon_pictures()
    assert found.reused
    assert found.folder == copied
    assert len(found.png) == 2050
    assert found.words["bed"][0] == "Bed"
    assert (("solid", "caret-up"), ("solid", "sort-up")) in found.near
    assert verify(copied, kind="icons").source["size"] == 160


def test_licence_and_origin_lie_beside(copied: Path) -> None:
    assert "Font Awesome Free License" in (copied / "LICENSE.txt").read_text()
    assert "CC BY 4.0" in (copied / "README.txt").read_text()


@pytest.mark.slow
def test_damaged_pictures_are_drawn_again(copied: Path) -> None:
    before = (copied / "pictures.tar").read_bytes()
    damaged = bytearray(before)
    damaged[100_000] ^= 1
    (copied / "pictures.tar").write_bytes(damaged)
    found = icon_pictures()
    assert not found.reused
    assert (copied / "pictures.tar").read_bytes() == before

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from limbeck.core.errors import UsageError
from limbeck.data.places import cache_folder, caching_in


def test_named_folder_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "a" / "b"))
    assert cache_folder() == tmp_path / "a" / "b"
    assert cache_folder().is_dir()


def test_below_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIMBECK_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "limbeck"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "x" / "limbeck"


def test_without_a_home_that_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIMBECK_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    assert cache_folder() == tmp_path / f"limbeck-{os.getuid()}"


def test_a_command_chooses_its_own_folder_for_a_while(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "standing"))
    with caching_in(tmp_path / "own"):
        assert cache_folder() == tmp_path / "own"
        with caching_in(None):
            assert cache_folder() == tmp_path / "own"
    assert cache_folder() == tmp_path / "standing"


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_named_folder_that_is_a_file_is_refused(below: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / below
    with (
        caching_in(place),
        pytest.raises(UsageError, match=rf"^--cache {place} cannot be a folder: {tmp_path}/file is a file; name"),
    ):
        cache_folder()
    monkeypatch.setenv("LIMBECK_CACHE", str(place))
    with pytest.raises(UsageError, match=f"^LIMBECK_CACHE {place} cannot be a folder"):
        cache_folder()

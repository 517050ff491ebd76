from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from limbeck.core import checkout


def own(folder: Path) -> Path:
    """A repository that looks like Limbeck's own."""
    package = folder / "src" / "limbeck" / "core"
    package.mkdir(parents=True)
    (package / "checkout.py").write_text("x = 1\n")
    for command in ("init -q", "add -A", "-c user.name=a -c user.email=a@b commit -q -m one"):
        subprocess.run(["git", *command.split()], cwd=folder, check=True)
    return package / "checkout.py"


def test_a_change_of_the_package_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = own(tmp_path)
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    clean = checkout.commit()
    assert clean is not None
    assert len(clean) == 40
    (tmp_path / "notes").write_text("not of the package")
    assert checkout.commit() == clean
    file.write_text("x = 2\n")
    assert checkout.commit() == f"{clean}-dirty"


def test_a_repository_around_an_installed_package_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own(tmp_path)
    inside = tmp_path / "venv" / "lib"
    inside.mkdir(parents=True)
    monkeypatch.setattr(checkout, "ROOT", inside)
    assert checkout.commit() is None
    assert checkout.git("rev-parse", "HEAD") == ""


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own(tmp_path)
    monkeypatch.setattr(checkout, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checkout.commit() is None

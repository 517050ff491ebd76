"""Whole or not at all: files, folders, manifests. What damage and kills do is in `tests/faults/test_artefacts.py`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from limbeck.core import artefact
from limbeck.core.errors import ArtefactError, ResourceError


def test_hashes_are_those_of_hashlib(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"limbeck" * 100_000)
    expected = hashlib.sha256(b"limbeck" * 100_000).hexdigest()
    assert artefact.sha256_file(tmp_path / "x") == artefact.sha256_bytes(b"limbeck" * 100_000) == expected
    assert artefact.sha256_json({"b": 1, "a": [2]}) == hashlib.sha256(b'{"a":[2],"b":1}').hexdigest()
    assert artefact.sha256_json({"a": [2], "b": 1}) == artefact.sha256_json({"b": 1, "a": [2]})


def test_a_folder_carries_its_manifest(tmp_path: Path) -> None:
    with artefact.new_folder(tmp_path / "x", "model", source={"data": "f00", "sizes": (1, 2), 3: None}) as place:
        artefact.write_file(place / "deep" / "a.bin", b"abc")
    manifest = artefact.verify(tmp_path / "x", kind="model")
    assert manifest.files == {"deep/a.bin": {"sha256": hashlib.sha256(b"abc").hexdigest(), "size": 3}}
    assert manifest.source == {"data": "f00", "sizes": [1, 2], "3": None}
    assert manifest.versions["torch"].startswith("2.")
    assert manifest.format == artefact.FORMAT
    with pytest.raises(ArtefactError, match="holds a model, not a cache"):
        artefact.verify(tmp_path / "x", kind="cache")


def test_an_exception_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> None:
        with artefact.new_folder(tmp_path / "x", "model") as place:
            artefact.write_file(place / "a", b"abc")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert list(tmp_path.iterdir()) == []


def test_replace_swaps_the_whole_folder(tmp_path: Path) -> None:
    for name in ("old", "new"):
        with artefact.new_folder(tmp_path / "x", "model", replace=True) as place:
            artefact.write_file(place / name, name.encode())
    assert [path.name for path in sorted((tmp_path / "x").iterdir())] == ["manifest.json", "new"]
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    artefact.verify(tmp_path / "x")


def test_json_keeps_finite_values_only(tmp_path: Path) -> None:
    artefact.write_json(tmp_path / "x.json", {"é": [1, 0.5, None]})
    assert artefact.read_json(tmp_path / "x.json") == {"é": [1, 0.5, None]}
    with pytest.raises(ValueError, match="Out of range"):
        artefact.write_json(tmp_path / "x.json", float("nan"))
    assert artefact.read_json(tmp_path / "x.json") == {"é": [1, 0.5, None]}
    with pytest.raises(ArtefactError, match=r"recipe .*y\.json does not exist"):
        artefact.read_json(tmp_path / "y.json", kind="recipe")


def test_a_huge_json_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefact, "LARGEST_JSON", 10)
    (tmp_path / "x.json").write_text(json.dumps(list(range(10))))
    with pytest.raises(ArtefactError, match="at most"):
        artefact.read_json(tmp_path / "x.json")


def test_a_manifest_of_another_layout_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(artefact, "FORMAT", 2)
        (tmp_path / "manifest.json").write_bytes(artefact._sealed({"kind": "model", "files": {}, "format": 2}))
    with pytest.raises(ArtefactError, match="has layout 2; this version of Limbeck reads 1"):
        artefact.read_manifest(tmp_path)


def test_space_is_asked_for_before_the_first_byte(tmp_path: Path) -> None:
    artefact.require_space(tmp_path / "not" / "yet", 1, "a cache")
    with pytest.raises(ResourceError, match=r"a cache needs \d+ MB but .* has \d+ MB free"):
        artefact.require_space(tmp_path / "not" / "yet", 1 << 60, "a cache")

"""Faults 1, 5, 6, 7 and 8 for what every artefact is made of: sealed manifests, JSON and safetensors files."""

from __future__ import annotations

import json
import os
import pickle
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from faults import tools
from limbeck.core.artefact import MANIFEST, new_folder, read_json, read_manifest, verify, write_file, write_json
from limbeck.core.errors import ArtefactError, ResourceError
from limbeck.core.tensors import read_tensors, write_tensors

OLD, NEW = b"old", b"new" * 1000


def save(folder: str, content: bytes) -> None:
    """What every writer of a folder does."""
    with new_folder(Path(folder), "thing", source={"data": "f00"}, replace=True) as place:
        write_file(place / "a.bin", content)
        write_tensors(place / "deep" / "b.safetensors", {"weight": torch.arange(2000.0)})
        write_json(place / "c.json", {"caf\u00e9": [1, 2.5, None], "name": "x" * 50})


@pytest.fixture
def folder(quick_disk: Path) -> Path:
    save(str(quick_disk / "thing"), OLD)
    return quick_disk / "thing"


def _points(target: Path) -> list[tuple[str, int]]:
    save(str(target), OLD)
    calls = tools.syscalls(save, str(target), NEW)
    assert calls["write"] >= 4
    assert calls["fsync"] >= 8
    assert calls["rename"] >= 4
    assert calls["renameat2"] == 1
    return [(call, when) for call, count in calls.items() for when in range(1, count + 1)]


def test_kill_at_every_write_flush_and_rename_leaves_the_old_or_the_new(folder: Path) -> None:
    points = _points(folder.with_name("trial"))
    results = set()
    for call, when in points:
        outcome = tools.inject(save, str(folder), NEW, call=call, when=when, fault="signal=KILL")
        assert outcome.killed, (call, when, outcome)
        verify(folder, kind="thing")
        content = (folder / "a.bin").read_bytes()
        assert content in (OLD, NEW), (call, when)
        results.add(content)
        save(str(folder), OLD)
        assert not tools.leftovers(folder.parent), (call, when)  # the next writer swept
    assert OLD in results


@pytest.mark.parametrize(("fault", "code"), [("error=EIO", 4), pytest.param("error=ENOSPC", 5, marks=pytest.mark.slow)])
def test_a_failing_call_is_an_error_and_the_old_stays(folder: Path, fault: str, code: int) -> None:
    for call, when in _points(folder.with_name("trial")):
        outcome = tools.inject(save, str(folder), NEW, call=call, when=when, fault=fault)
        assert outcome.code == code, (call, when, outcome)
        assert str(folder.name) in outcome.said
        verify(folder, kind="thing")
        late = (folder / "a.bin").read_bytes() == NEW  # the rename happened; only flushing its folder failed
        assert not late or call == "fsync", (call, when)
        assert not tools.leftovers(folder.parent), (call, when)
        save(str(folder), OLD)


def test_every_flip_and_cut_is_found(folder: Path) -> None:
    verify(folder, kind="thing")
    missed = []
    for count, what in enumerate(tools.damages(folder, flips=200, cuts=20, seed=1), 1):  # noqa: B007
        try:
            verify(folder, kind="thing")
        except ArtefactError:
            continue
        missed.append(what)
    assert count == 220
    assert missed == []
    verify(folder, kind="thing")


def test_damage_without_a_manifest_never_ends_in_anything_but_an_artefact_error(folder: Path) -> None:
    refused = 0
    for _ in tools.damages(folder, flips=200, cuts=20, seed=2):
        for path, read in (("c.json", read_json), ("deep/b.safetensors", read_tensors), (MANIFEST, read_json)):
            try:
                read(folder / path)
            except ArtefactError:
                refused += 1
    assert refused > 20  # cuts at least: without a hash a flipped number passes, which is what manifests are for


@pytest.mark.parametrize("change", ["missing", "longer", "unsealed", "outside", "resealed kind", "folder"])
def test_other_ways_to_be_wrong(folder: Path, change: str) -> None:
    plain = json.loads((folder / MANIFEST).read_text())
    if change == "missing":
        (folder / "c.json").unlink()
    elif change == "longer":
        (folder / "a.bin").write_bytes(OLD + b"!")
    elif change == "unsealed":
        plain.pop("seal")
        (folder / MANIFEST).write_text(json.dumps(plain))
    elif change == "outside":
        from limbeck.core.artefact import _sealed

        plain["files"]["../../etc/passwd"] = {"sha256": "0" * 64, "size": 1}
        (folder / MANIFEST).write_bytes(_sealed(plain))
    elif change == "resealed kind":
        from limbeck.core.artefact import _sealed

        (folder / MANIFEST).write_bytes(_sealed(plain | {"kind": ["thing"]}))
    else:
        (folder / "c.json").unlink()
        (folder / "c.json").mkdir()
    with pytest.raises(ArtefactError):
        verify(folder, kind="thing")


# --- 7 ---------------------------------------------------------------------------------------------------------------
class _Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("dress", ["pickle", "torch"])
def test_a_pickle_never_runs(tmp_path: Path, dress: str) -> None:
    canary, file = tmp_path / "sang", tmp_path / "file"
    if dress == "pickle":
        file.write_bytes(pickle.dumps(_Canary(canary)))
    else:
        torch.save({"x": _Canary(canary)}, file)
    for read in (read_json, read_tensors):
        with pytest.raises(ArtefactError, match="cannot be read"):
            read(file)
    for name in (MANIFEST, "x.safetensors"):
        os.makedirs(tmp_path / "folder", exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(file.read_bytes())
    with pytest.raises(ArtefactError):
        read_manifest(tmp_path / "folder")
    assert not canary.exists()
    pickle.loads(pickle.dumps(_Canary(canary)))  # the canary is alive: unpickling would have been seen
    assert canary.exists()


# --- 8 ---------------------------------------------------------------------------------------------------------------
def _header(plain: object, body: int) -> bytes:
    head = json.dumps(plain).encode()
    return struct.pack("<Q", len(head)) + head + b"\0" * body


def _tensor(shape: list[int], start: int, stop: int, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


MALFORMED = {
    "header of 4 exabytes": struct.pack("<Q", 2**62) + b"{}",
    "header of 90 MB of blanks": struct.pack("<Q", 90_000_000) + b"{" + b" " * 90_000_000,
    "header beyond the file": struct.pack("<Q", 1000) + b"{}",
    "overlap": _header({"a": _tensor([4], 0, 16), "b": _tensor([4], 8, 24)}, 24),
    "overflow": _header({"a": _tensor([2**62, 4], 0, 16)}, 16),
    "shape against bytes": _header({"a": _tensor([5], 0, 16)}, 16),
    "short": _header({"a": _tensor([4], 0, 16)}, 8),
    "hole": _header({"a": _tensor([4], 0, 16)}, 80),
    "negative": _header({"a": _tensor([-4], 0, 16)}, 16),
    "unknown type": _header({"a": _tensor([4], 0, 16, "Q99")}, 16),
    "deep": struct.pack("<Q", 100_001) + b"[" * 100_001,
    "empty": b"",
    "HTML": b"<!doctype html><title>404</title>",
}


@pytest.mark.parametrize("name", list(MALFORMED))
def test_malformed_safetensors_are_refused_within_a_second(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(MALFORMED[name])
    started = time.monotonic()
    with pytest.raises(ArtefactError, match="cannot be read"):
        read_tensors(path)
    assert time.monotonic() - started < 1


@pytest.mark.parametrize("content", [b"[" * 200_000, b"\xff\xfe{}", b"{", b"9" * 5000, b""], ids=lambda c: repr(c[:4]))
def test_malformed_json_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(ArtefactError, match=r"x\.json cannot be read"):
        read_json(tmp_path / "x.json")


def test_names_that_no_disk_takes_are_errors_of_ours(tmp_path: Path) -> None:
    for name in ("x" * 300, "nul\0"):
        for read in (read_json, read_tensors):
            with pytest.raises(ArtefactError):
                read(tmp_path / name)
    longest = tmp_path / ("n" * 250)
    write_file(longest, b"fits")
    assert longest.read_bytes() == b"fits"


# --- 4, 1 ------------------------------------------------------------------------------------------------------------
def test_a_full_disk_is_a_resource_error_and_leaves_the_old(small_disk: Path) -> None:
    save(str(small_disk / "thing"), OLD)
    tools.fill(small_disk, leave=8192)
    with pytest.raises(ResourceError, match="no space left while writing"):
        save(str(small_disk / "thing"), NEW * 100)
    with pytest.raises(ResourceError, match="no space left"):
        write_file(small_disk / "thing2", NEW * 100)
    verify(small_disk / "thing", kind="thing")
    assert (small_disk / "thing" / "a.bin").read_bytes() == OLD
    assert not tools.leftovers(small_disk)


def test_sweeping_spares_the_living_and_other_machines(tmp_path: Path) -> None:
    from limbeck.core.artefact import _place, sweep

    gone = tools.spawn(os.getpid)
    gone.go().wait()
    names = {
        f".x.tmp-{_place()}-{gone.pid}-00000000": False,
        f".x.tmp-{_place()}-{os.getpid()}-00000000": True,
        f".x.tmp-ffffff-{gone.pid}-00000000": True,
        ".gitignore": True,
    }
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "inside").touch()
    (tmp_path / f".y.old-{_place()}-{gone.pid}-00000000").mkdir()
    sweep(tmp_path)
    assert {name: (tmp_path / name).exists() for name in names} == names
    assert (tmp_path / "y").is_dir()  # its successor never came


def test_folders_are_replaced_where_names_cannot_be_exchanged(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limbeck.core.artefact._exchange", lambda first, second: False)
    save(str(folder), NEW)
    verify(folder, kind="thing")
    assert (folder / "a.bin").read_bytes() == NEW
    assert not tools.leftovers(folder.parent)


def test_the_first_of_two_writers_wins_without_replace(tmp_path: Path) -> None:
    with new_folder(tmp_path / "x", "thing") as second:
        with new_folder(tmp_path / "x", "thing") as first:
            write_file(first / "who", b"first")
        write_file(second / "who", b"second")
    assert (tmp_path / "x" / "who").read_bytes() == b"first"
    verify(tmp_path / "x")
    assert not tools.leftovers(tmp_path)

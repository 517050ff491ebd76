"""Building: what is there is reused, what is missing is added, what changed is computed again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from data import cached as world
from data.cached import FLIP, Pictures, Texts, batch, build, opened, source_of
from limbeck.core.artefact import read_manifest
from limbeck.core.errors import ArtefactError
from limbeck.data.cache import CacheProgress
from limbeck.data.sources.csv import CsvSource

PRESENT = [row for row in range(30) if row % 7 != 6]


def test_equal_texts_are_computed_once(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("id,text\n" + "".join(f"{row},{'a cat' if row % 2 else 'a dog'}\n" for row in range(40)))
    source, teacher = CsvSource(str(path)), Texts()
    assert build(teacher, source, tmp_path / "cache").computed == 2
    assert teacher.rows == 2
    found = opened(teacher, source, tmp_path / "cache")(batch(source, [0, 1, 2, 3]))["pooled"]
    assert torch.equal(found[0], found[2])
    assert torch.equal(found[1], found[3])
    assert not torch.equal(found[0], found[1])


def test_a_second_build_computes_nothing_and_writes_nothing(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures()
    build(teacher, source, tmp_path / "cache")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*")}
    seen = teacher.rows
    report = build(teacher, source, tmp_path / "cache")
    assert (report.computed, report.reused, teacher.rows) == (0, 25, seen)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*")} == before


def test_more_rows_and_more_draws_are_added_to_what_is_there(tmp_path: Path) -> None:
    source, teacher, folder = source_of(tmp_path / "data"), Pictures(), tmp_path / "cache"
    assert build(teacher, source, folder, indices=range(10), augmentations=FLIP).computed == 8
    with pytest.raises(ArtefactError, match="lacks 17 of 30 rows"):
        opened(teacher, source, folder, augmentations=FLIP)
    assert build(teacher, source, folder, augmentations=FLIP).computed == 17
    assert build(teacher, source, folder, augmentations=FLIP, draws=2).computed == 50
    cached = opened(teacher, source, folder, augmentations=FLIP, draws=2)
    assert cached.table.shape == (30, 3)
    with pytest.raises(ArtefactError, match="draws 0 to 2; draw 3"):
        cached(batch(source, [0], [3]))
    with pytest.raises(ArtefactError, match="more draws"):
        opened(teacher, source, folder, augmentations=FLIP, draws=3)


def test_float16_states_its_error_and_keeps_it(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures()
    exact = build(teacher, source, tmp_path / "exact")
    half = build(teacher, source, tmp_path / "half", dtype="float16")
    full = opened(teacher, source, tmp_path / "exact")(batch(source, PRESENT))["pooled"]
    cached = opened(teacher, source, tmp_path / "half", dtype="float16")
    found = cached(batch(source, PRESENT))["pooled"]
    assert found.dtype == torch.float32
    cosine = 1 - torch.nn.functional.cosine_similarity(full.double(), found.double())
    assert half.rounding.absolute == pytest.approx(float((full - found).abs().max()), rel=1e-6)
    assert half.rounding.cosine == pytest.approx(float(cosine.max()), rel=1e-6)
    assert 0 < half.rounding.absolute < 1e-3
    assert (exact.rounding.absolute, exact.rounding.cosine) == (0.0, 0.0)
    assert read_manifest(tmp_path / "half").source["rounding"]["absolute"] == half.rounding.absolute
    assert cached.rounding == half.rounding
    assert build(teacher, source, tmp_path / "half", dtype="float16").rounding == half.rounding
    assert cached.fingerprint() != opened(teacher, source, tmp_path / "exact").fingerprint() == "weights-1"


def test_progress_counts_to_the_end_with_rate_and_time_left(tmp_path: Path) -> None:
    source, told = source_of(tmp_path / "data"), list[CacheProgress]()
    build(Pictures(), source, tmp_path / "cache", indices=range(10))
    build(Pictures(), source, tmp_path / "cache", progress=told.append)
    assert (told[0].done, told[0].total, told[0].reused, told[0].rate) == (8, 25, 8, 0.0)
    assert (told[-1].done, told[-1].total, told[-1].seconds_left) == (25, 25, 0.0)
    assert told[-1].rate > 0


def test_an_interrupted_cache_of_another_key_is_refused_too(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures()
    build(teacher, source, tmp_path / "cache")
    (tmp_path / "cache" / "manifest.json").unlink()
    with pytest.raises(ArtefactError, match="another teacher"):
        build(teacher, source, tmp_path / "cache", teacher_fingerprint="weights-2")
    with pytest.raises(ArtefactError, match="not complete; build it"):
        opened(teacher, source, tmp_path / "cache")


def test_a_file_edited_in_place_is_noticed_and_only_its_row_computed(tmp_path: Path) -> None:
    source, teacher, folder = source_of(tmp_path / "data"), Pictures(), tmp_path / "cache"
    build(teacher, source, folder)
    before = opened(teacher, source, folder)(batch(source, range(30)))["pooled"]
    edited = tmp_path / "data" / "pictures" / "5.bmp"
    stat = edited.stat()
    edited.write_bytes(world.picture(999))
    os.utime(edited, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (edited.stat().st_size, edited.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    with pytest.raises(ArtefactError, match=r"lacks 1 of 30 rows \(row5\)"):
        opened(teacher, source, folder)
    seen = teacher.rows
    assert build(teacher, source, folder).computed == 1
    assert teacher.rows == seen + 1
    after = opened(teacher, source, folder)(batch(source, range(30)))["pooled"]
    same = [row for row in range(30) if row != 5]
    assert torch.equal(after[same], before[same])
    view = world.views()["image"]
    alone = teacher.eval()(view.collate([view.prepare(world.picture(999))]))["pooled"][0]
    torch.testing.assert_close(after[5], alone, rtol=1e-5, atol=1e-6)

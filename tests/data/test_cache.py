"""The teacher cache: what is stored is what the teacher said, found by content, whatever happens to order and files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from data import cached as world
from data.cached import FLIP, Pictures, Texts, batch, build, opened, source_of
from limbeck.core.artefact import read_manifest, verify
from limbeck.core.errors import ArtefactError, DataError, ResourceError, UsageError
from limbeck.core.spec import ImageSpec
from limbeck.data.cache import CacheProgress, forecast
from limbeck.data.sources.csv import CsvSource
from limbeck.data.views.image import ImageView

PRESENT = [row for row in range(30) if row % 7 != 6]


def test_stored_is_what_a_row_alone_gives_and_absent_is_zero(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures()
    report = build(teacher, source, tmp_path / "cache")
    cached = opened(teacher, source, tmp_path / "cache")
    found = cached(batch(source, range(30)))["pooled"]
    teacher.eval()
    view = world.views()["image"]
    for row in range(30):
        if row in PRESENT:
            alone = teacher(view.collate([view.prepare(source.sample(row).values["image"])]))["pooled"][0]
            torch.testing.assert_close(found[row], alone, rtol=1e-5, atol=1e-6)
        else:
            assert bool((found[row] == 0).all())
    assert found.dtype == torch.float32
    assert not found.requires_grad
    assert (report.rows, report.computed, report.reused) == (25, 25, 0)  # 26 rows with a picture, two of them equal
    assert report.size == sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*") if path.is_file())


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


def test_a_modality_without_augmentation_stores_one_draw(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Texts()
    rows = build(teacher, source, tmp_path / "cache", augmentations=FLIP, draws=5).rows
    assert rows == build(teacher, source, tmp_path / "other").rows
    cached = opened(teacher, source, tmp_path / "cache", augmentations=FLIP, draws=5)
    found = cached(batch(source, [0, 0, 0], [0, 3, 5]))["pooled"]
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


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


def test_float16_refuses_what_it_cannot_hold(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures()
    with torch.no_grad():
        teacher.tower[3].weight.mul_(1e6)
    with pytest.raises(UsageError, match="use dtype 'float32'"):
        build(teacher, source, tmp_path / "cache", dtype="float16")


def test_non_finite_answers_are_refused_with_ids(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Texts()
    with torch.no_grad():
        teacher.words.weight[2:] = float("nan")
    with pytest.raises(DataError, match=r"non-finite 'pooled' for rows row\d+"):
        build(teacher, source, tmp_path / "cache")
    assert not (tmp_path / "cache" / "manifest.json").exists()


def test_tokens_with_mask_when_every_row_has_one_length(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Texts()
    padded = world.views(pad_to=8)["text"]
    wants = ("pooled", "tokens")
    with pytest.raises(UsageError, match="pad every row to one length"):
        build(teacher, source, tmp_path / "ragged", wants=wants)
    build(teacher, source, tmp_path / "cache", view=padded, wants=wants)
    cached = opened(teacher, source, tmp_path / "cache", view=padded, wants=wants)
    whole = batch(source, [0, 1, 2], teacher_text=padded)
    found, live = cached(whole, want=wants), teacher.eval()(whole.view("teacher.text"), want=wants)
    assert found.names() == live.names() == ("pooled", "tokens", "mask")
    assert torch.equal(found["mask"], live["mask"])
    torch.testing.assert_close(found["tokens"], live["tokens"])
    with pytest.raises(UsageError, match="did you mean 'pooled'"):
        cached(whole, want=("poled",))


def test_mapped_and_in_memory_reads_are_equal(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures()
    build(teacher, source, tmp_path / "cache", shard_rows=4)
    mapped, loaded = (opened(teacher, source, tmp_path / "cache", memory=size) for size in (0, 1 << 30))
    assert len(mapped.store["pooled"]) == 7
    assert len(loaded.store["pooled"]) == 1
    rows = [29, 0, 6, 13, 3, 8, 3, 1, 28]
    assert torch.equal(mapped(batch(source, rows))["pooled"], loaded(batch(source, rows))["pooled"])


def test_the_teacher_comes_back_in_the_mode_it_had_and_is_run_in_eval(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures().train()
    statistics = teacher.tower[1].running_mean.clone()
    build(teacher, source, tmp_path / "cache")
    assert teacher.training
    assert torch.equal(teacher.tower[1].running_mean, statistics)


def test_progress_counts_to_the_end_with_rate_and_time_left(tmp_path: Path) -> None:
    source, told = source_of(tmp_path / "data"), list[CacheProgress]()
    build(Pictures(), source, tmp_path / "cache", indices=range(10))
    build(Pictures(), source, tmp_path / "cache", progress=told.append)
    assert (told[0].done, told[0].total, told[0].reused, told[0].rate) == (8, 25, 8, 0.0)
    assert (told[-1].done, told[-1].total, told[-1].seconds_left) == (25, 25, 0.0)
    assert told[-1].rate > 0


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_forecast_is_near_the_real_size_and_never_below(tmp_path: Path, dtype: str) -> None:
    source, teacher = source_of(tmp_path / "data", 300), Pictures(width=256)
    said = forecast(
        teacher,
        source=source,
        indices=range(300),
        view=world.views()["image"],
        augmentations=FLIP,
        draws=3,
        dtype=dtype,
    )
    assert teacher.rows == 0
    report = build(teacher, source, tmp_path / "cache", augmentations=FLIP, draws=3, dtype=dtype)
    assert said.rows == report.rows
    assert report.size <= said.size <= 1.05 * report.size


def test_too_small_a_disk_is_refused_before_the_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    source, teacher = source_of(tmp_path / "data"), Pictures()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**6, 10**6 - 100, 100))
    with pytest.raises(ResourceError, match=r"cache of teacher\.image needs"):
        build(teacher, source, tmp_path / "cache")
    assert teacher.rows == 0
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


# --- fault 17 --------------------------------------------------------------------------------------------------------
def _other_pictures() -> dict[str, dict[str, Any]]:
    return {
        "teacher": {"teacher_fingerprint": "weights-2"},
        "width": {"teacher": Pictures(width=32)},
        "dtype": {"dtype": "float16"},
        "preprocessing": {"view": ImageView(ImageSpec(height=16, width=16, resample="nearest"))},
        "augmentation": {"augmentations": FLIP},
        "outputs": {"wants": ("pooled", "tokens")},
    }


@pytest.mark.parametrize("field", list(_other_pictures()))
def test_another_key_is_refused_and_the_field_named(tmp_path: Path, field: str) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures()
    build(teacher, source, tmp_path / "cache")
    changes = _other_pictures()[field]
    other = changes.pop("teacher", teacher)
    for attempt in (opened, build):
        with pytest.raises(ArtefactError, match=rf"made with another {field} \({field}: stored"):
            attempt(other, source, tmp_path / "cache", **changes)
    opened(teacher, source, tmp_path / "cache")


def test_another_tokenizer_is_refused_and_named(tmp_path: Path) -> None:
    from limbeck.core.spec import TextSpec
    from limbeck.data.views.text import TextView

    source, teacher = source_of(tmp_path / "data"), Texts()
    build(teacher, source, tmp_path / "cache")
    other = world.words().replace('"cat"', '"kat"')
    assert other != world.words()
    for attempt in (opened, build):
        with pytest.raises(ArtefactError, match=r"made with another tokenizer \("):
            attempt(teacher, source, tmp_path / "cache", view=TextView(TextSpec(tokenizer=other, max_length=8)))


def test_an_interrupted_cache_of_another_key_is_refused_too(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures()
    build(teacher, source, tmp_path / "cache")
    (tmp_path / "cache" / "manifest.json").unlink()
    with pytest.raises(ArtefactError, match="another teacher"):
        build(teacher, source, tmp_path / "cache", teacher_fingerprint="weights-2")
    with pytest.raises(ArtefactError, match="not complete; build it"):
        opened(teacher, source, tmp_path / "cache")


def test_another_order_is_served_by_content(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures()
    build(teacher, source, tmp_path / "cache", augmentations=FLIP, draws=1)
    header, *lines = Path(source.path).read_text().splitlines()
    turned = Path(source.path).with_name("turned.csv")
    turned.write_text("\n".join([header, *reversed(lines)]) + "\n")
    other = CsvSource(str(turned))
    draws = [row % 2 for row in range(30)]
    first = opened(teacher, source, tmp_path / "cache", augmentations=FLIP, draws=1)(batch(source, range(30), draws))
    second = opened(teacher, other, tmp_path / "cache", augmentations=FLIP, draws=1)(
        batch(other, range(30), draws[::-1])
    )
    assert torch.equal(first["pooled"], second["pooled"].flip(0))
    assert not torch.equal(first["pooled"], second["pooled"])


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


def test_a_file_that_changes_while_it_is_cached_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data"

    class Edited(CsvSource):
        def sample(self, index: int) -> Any:
            if index == 5:
                (path / "pictures" / "5.bmp").write_bytes(world.picture(999))
            return super().sample(index)

    source = Edited(source_of(path).path)
    with pytest.raises(DataError, match="row5 changed while it was read"):
        build(Pictures(), source, tmp_path / "cache")


def test_the_manifest_vouches_for_every_file(tmp_path: Path) -> None:
    source = source_of(tmp_path / "data")
    build(Pictures(), source, tmp_path / "cache")
    manifest = verify(tmp_path / "cache", kind="cache")
    assert manifest.source["key"]["teacher"] == "weights-1"
    assert all(name.startswith("shards/") and entry["sha256"] in name for name, entry in manifest.files.items())

"""Reading: what is stored is what the teacher said, row by row."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import ImageOps

from data import cached as world
from data.cached import FLIP, Pictures, Texts, batch, build, opened, source_of
from limbeck.core.errors import UsageError
from limbeck.data.images import decode_image

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


def test_a_stored_draw_is_what_the_changed_picture_gives(tmp_path: Path) -> None:
    """Oracle: the picture mirrored by hand; `FLIP` mirrors under every draw but 0."""
    source, teacher = source_of(tmp_path / "data"), Pictures()
    build(teacher, source, tmp_path / "cache", augmentations=FLIP, draws=2)
    found = opened(teacher, source, tmp_path / "cache", augmentations=FLIP, draws=2)(
        batch(source, [0, 0, 0], [0, 1, 2])
    )
    teacher.eval()
    view = world.views()["image"]
    plain = decode_image(source.sample(0).values["image"])
    for place, picture in enumerate((plain, ImageOps.mirror(plain), ImageOps.mirror(plain))):
        alone = teacher(view.collate([view.prepare(picture)]))["pooled"][0]
        torch.testing.assert_close(found["pooled"][place], alone, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(found["pooled"][0], found["pooled"][1])


def test_a_modality_without_augmentation_stores_one_draw(tmp_path: Path) -> None:
    source, teacher = source_of(tmp_path / "data"), Texts()
    rows = build(teacher, source, tmp_path / "cache", augmentations=FLIP, draws=5).rows
    assert rows == build(teacher, source, tmp_path / "other").rows
    cached = opened(teacher, source, tmp_path / "cache", augmentations=FLIP, draws=5)
    found = cached(batch(source, [0, 0, 0], [0, 3, 5]))["pooled"]
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


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

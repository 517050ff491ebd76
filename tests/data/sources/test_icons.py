from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from limbeck.core.errors import DataError, UsageError
from limbeck.data.images import decode_image
from limbeck.data.phrases import normalised
from limbeck.data.sources.icons import IconsSource


@pytest.fixture(scope="module")
def icons() -> IconsSource:
    return IconsSource(texts=6000)


def part(source: IconsSource, split: str) -> list[int]:
    return [index for index, row in enumerate(source.rows) if row.split == split]


def test_counts(icons: IconsSource) -> None:
    kinds = Counter(("+".join(sorted(row.modalities)), row.split) for row in icons.rows)
    assert kinds["image+text", "test"] == 250
    assert kinds["image+text", "validation"] == 120
    assert sum(count for (kind, _), count in kinds.items() if kind == "image+text") == 1395
    assert kinds["text", "train"] == 6000
    assert kinds["image", "train"] > 500
    assert {split for _, split in kinds} == {"train", "validation", "test"}


def test_pictures_are_black_on_white_squares_with_a_margin(icons: IconsSource) -> None:
    for index in part(icons, "validation")[:20]:
        array = np.asarray(decode_image(icons.sample(index).values["image"]))
        assert array.shape == (160, 160, 3)
        assert array.min() < 30
        assert (array[:9] == 255).all()
        assert (array[:, -9:] == 255).all()


def test_captions(icons: IconsSource) -> None:
    bed = next(row for row in icons.rows if row.id == "bed")
    assert bed.text.startswith("Bed: ")
    assert "sleep" in bed.text.split(": ")[1].split(", ")


def test_no_text_row_is_a_held_out_label_or_caption(icons: IconsSource) -> None:
    held = [row.text for row in icons.rows if row.split in ("test", "validation")]
    forbidden = {normalised(text) for text in held} | {normalised(text.partition(": ")[0]) for text in held}
    texts = {normalised(row.text) for row in icons.rows if row.modalities == {"text"}}
    assert len(texts) == 6000
    assert not texts & forbidden


def test_no_other_style_of_a_held_out_icon_trains(icons: IconsSource) -> None:
    held = {row.id for row in icons.rows if row.split in ("test", "validation")}
    others = {row.id.partition("/")[2] for row in icons.rows if row.modalities == {"image"}}
    assert others
    assert not others & held


def test_icons_of_one_picture_or_label_train_and_share_a_group(icons: IconsSource) -> None:
    rows = {row.id: row for row in icons.rows}
    assert rows["caret-up"].group == rows["sort-up"].group != ""
    assert "sort-up" in icons.removed
    assert all(rows[name].split == "train" for name in icons.removed)
    assert not any(row.group for row in icons.rows if row.split == "test")


def test_splits_do_not_depend_on_the_texts(icons: IconsSource) -> None:
    other = IconsSource(texts=0)
    assert other.reused
    assert [row.id for row in other.rows if row.split == "test"] == [r.id for r in icons.rows if r.split == "test"]
    assert other.fingerprint() != icons.fingerprint()


def test_licence_lies_beside_the_pictures(icons: IconsSource) -> None:
    assert "CC BY 4.0" in icons.licence.read_text()


def test_arguments(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="drawn >= 64"):
        IconsSource(drawn=8)
    with pytest.raises(DataError, match="not enough icons"):
        IconsSource(texts=0, test=1300, validation=120)

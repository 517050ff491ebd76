"""Faults 14 and 15: odd paths, and tables that do not fit together."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data.made import encoded, pairs, picture, write_csv
from limbeck.core.errors import DataError
from limbeck.core.recipe import DataSpec
from limbeck.data.open import open_source
from limbeck.data.scan import load_data, scan

NAMES = [
    "with space.png",
    "über.png",
    "图片.png",
    "🦊.png",
    "x" * 251 + ".png",
    "a'b\"c;.png",
    "-rf.png",
    "%41.png",
    "#1.png",
]


def test_odd_names_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "ein Ordner 🦊"
    folder.mkdir()
    for number, name in enumerate(NAMES):
        (folder / name).write_bytes(encoded(picture(number)))
    path = write_csv(folder / "my data.csv", [{"image": name, "text": "x"} for name in NAMES])
    source = open_source(path)
    assert scan(source).bad == ()
    assert [source.sample(i).values["image"] for i in range(len(NAMES))] == [
        encoded(picture(i)) for i in range(len(NAMES))
    ]


def test_absolute_paths_and_links(tmp_path: Path) -> None:
    real = tmp_path / "real.png"
    real.write_bytes(encoded(picture(1)))
    (tmp_path / "link.png").symlink_to(real)
    path = write_csv(
        tmp_path / "data.csv",
        [{"image": str(real)}, {"image": "link.png"}, {"image": "./../" + tmp_path.name + "/real.png"}],
    )
    source = open_source(path)
    assert len({source.content(index, "image") for index in range(3)}) == 1


def test_unreadable_paths_are_bad_rows_with_their_reason(tmp_path: Path) -> None:
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "gone.png").symlink_to("nowhere")
    cells = {
        "loop": ("loop.png", "loop of links"),
        "folder": ("folder.png", "directory"),
        "pipe": ("pipe.png", "not a file"),
        "gone": ("gone.png", "does not exist"),
        "long": ("y" * 300 + ".png", "name too long"),
        "nul": ("a\0b.png", "not a path"),
        "device": ("/dev/zero", "not a file"),
    }
    path = write_csv(tmp_path / "data.csv", [{"id": name, "image": cell} for name, (cell, _) in cells.items()])
    report = scan(open_source(path))
    assert [row.id for row in report.bad] == list(cells)
    for row in report.bad:
        assert cells[row.id][1] in row.reason, row


def test_a_read_only_folder_is_enough(tmp_path: Path) -> None:
    path = pairs(tmp_path / "data", 4)
    os.chmod(tmp_path / "data", 0o555)
    try:
        source, report = load_data(DataSpec(str(path)))
        assert (len(source), report.bad) == (4, ())
    finally:
        os.chmod(tmp_path / "data", 0o755)


@pytest.mark.parametrize("name", ["loop.csv", "nowhere.csv", "a\0b.csv", "z" * 300 + ".csv"])
def test_a_source_that_cannot_be_opened(tmp_path: Path, name: str) -> None:
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    with pytest.raises(DataError) as caught:
        open_source(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_duplicate_ids_are_named(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "data.csv", [{"id": name, "text": "x"} for name in "abcbca"])
    with pytest.raises(DataError, match=r"duplicate ids in .*data\.csv: a, b, c; give each row its own id"):
        open_source(path)


def test_a_missing_id_takes_the_row_number(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "data.csv", [{"id": "", "text": "x"}, {"id": "b", "text": "y"}])
    assert [row.id for row in open_source(path).rows] == ["0", "b"]


def test_missing_pairs_are_incomplete_rows(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(picture(1)))
    rows = [{"image": "a.png", "text": ""}, {"image": " ", "text": "x"}, {"image": "a.png", "text": "y"}]
    source = open_source(write_csv(tmp_path / "data.csv", rows))
    assert [sorted(row.modalities) for row in source.rows] == [["image"], ["text"], ["image", "text"]]
    assert set(source.sample(0).values) == {"image"}


def test_an_absent_modality(tmp_path: Path) -> None:
    source = open_source(write_csv(tmp_path / "data.csv", [{"text": "x"}, {"text": "y"}]))
    assert source.modalities == ("text",)
    with pytest.raises(DataError, match="row 0 of .* has no image"):
        source.content(0, "image")
    with pytest.raises(DataError, match=r"no column of a modality; found: id, name; valid: image, text"):
        open_source(write_csv(tmp_path / "other.csv", [{"id": "1", "name": "x"}]))


def test_rows_of_unequal_length_are_bad_rows(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("id,text\n" + "".join(f"{n},fine\n" for n in range(200)) + "short\n" + "long,a,b\n")
    source = open_source(path, max_bad=0.01)
    assert [(row.id, row.reason) for row in scan(source).bad] == [
        ("short", "1 cells where the header has 2"),
        ("long", "3 cells where the header has 2"),
    ]
    with pytest.raises(DataError, match="2 of 202 rows"):
        open_source(path, max_bad=0.005)

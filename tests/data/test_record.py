from __future__ import annotations

import pytest

from limbeck.core.errors import DataError
from limbeck.data.record import records_of


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (["iamge", "text"], "unknown column 'iamge' in f.csv; .*did you mean 'image'"),
        (["image", "caption"], "unknown column 'caption' .*did you mean 'text'"),
        (["image", "texts"], "did you mean 'text'"),
        (["file_name", "text"], "did you mean 'image'"),
        (["text", "splt"], "did you mean 'split'"),
        (["text", "Label"], "did you mean 'label'"),
        (["image", "image", "text"], "column 'image' more than once"),
        (["width", "height"], "no column of a modality; found: width, height; valid: image, text"),
        ([], "found: none"),
    ],
)
def test_columns_that_cannot_be_meant(columns: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        records_of([dict.fromkeys(columns, "x")], columns, where="f.csv")


@pytest.mark.parametrize("extra", ["width", "caption", "category", "url", "source"])
def test_further_columns_are_listed_and_ignored(extra: str) -> None:
    table = records_of([{"text": "x", extra: "y"}], ["text", extra], where="f.csv")
    assert table.ignored == (extra,)
    assert table.modalities == ("text",)


def test_split_names() -> None:
    names = ["train", "Training", "val", "VALIDATION", "dev", "test", "", None]
    table = records_of([{"text": "x", "split": name} for name in names], ["text", "split"], where="f")
    expected = ["train", "train", "validation", "validation", "validation", "test", "", ""]
    assert [record.split for record in table.records] == expected


@pytest.mark.parametrize(("typo", "near"), [("trian", "train"), ("Tset", "test"), ("vlidation", "validation")])
def test_a_misspelt_split_names_the_nearest(typo: str, near: str) -> None:
    found = rf"row 0 of f has the split '{typo}'; valid: train, validation, test or blank; did you mean '{near}'\?$"
    with pytest.raises(DataError, match=found):
        records_of([{"text": "x", "split": typo}], ["text", "split"], where="f")
    with pytest.raises(DataError, match="valid: train, validation, test or blank$"):
        records_of([{"text": "x", "split": "42"}], ["text", "split"], where="f")


def test_a_split_that_is_not_utf8_spoils_its_row_only() -> None:
    table = records_of([{"text": "x", "split": "\udce9"}, {"text": "y", "split": "test"}], ["text", "split"], where="f")
    assert [(record.split, bool(record.problem)) for record in table.records] == [("", True), ("test", False)]


def test_blank_cells_are_missing() -> None:
    cells = ["", "  ", None, float("nan"), "\ufeff"]
    table = records_of([{"text": cell, "image": "a.png"} for cell in cells], ["text", "image"], where="f")
    assert [set(record.values) for record in table.records] == [{"image"}] * 5
    table = records_of([{"text": ""}], ["text"], where="f")
    assert table.records[0].problem == "every modality is blank"


def test_rows_of_one_picture_share_a_group() -> None:
    rows = [{"image": "a.png", "text": str(number)} for number in range(2)] + [{"image": "b.png", "text": "x"}]
    groups = [record.group for record in records_of(rows, ["image", "text"], where="f").records]
    assert groups[0] == groups[1] != ""
    assert groups[2] == ""
    rows[0]["group"] = "mine"
    groups = [record.group for record in records_of(rows, ["image", "text", "group"], where="f").records]
    assert groups[0] == "mine"


def test_rows_are_numbered_where_none_has_an_id_of_its_own() -> None:
    def numbered(*ids: object) -> bool:
        return records_of([{"id": one, "text": "x"} for one in ids], ["id", "text"], where="f").numbered

    assert records_of([{"text": "x"}, {"text": "y"}], ["text"], where="f").numbered
    assert numbered(None, " ")
    assert not numbered(0, 1)
    assert not numbered("", "a")
    assert not numbered("a", "")


def test_many_duplicate_ids_are_counted() -> None:
    rows = [{"id": str(number % 9), "text": "x"} for number in range(18)]
    with pytest.raises(DataError, match=r"0, 1, 2, 3, 4, \.\.\. \(9 in all\)"):
        records_of(rows, ["id", "text"], where="f")

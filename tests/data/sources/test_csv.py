from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.made import encoded, pairs, picture
from limbeck.core.errors import DataError
from limbeck.data.sources.csv import CsvSource

# Everything that UTF-8 can hold; a text that is blank means "missing" and is left out here.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
    lambda text: text.strip().strip("\ufeff") and "\r" not in text
)


def test_rows_and_values(tmp_path: Path) -> None:
    source = CsvSource(str(pairs(tmp_path, 3, label=["a", "b", "a"], split=["train", "val", "TEST"])))
    assert [row.id for row in source.rows] == ["row-0", "row-1", "row-2"]
    assert [row.split for row in source.rows] == ["train", "validation", "test"]
    sample = source.sample(2)
    assert sample.values == {"image": encoded(picture(2)), "text": "thing 2"}
    assert (sample.label, sample.index) == ("a", 2)


@given(texts=st.lists(TEXT, min_size=1, max_size=6))
def test_any_text_survives(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("csv") / "data.csv"
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerows([["text"], *([text] for text in texts)])
    source = CsvSource(str(path))
    assert [source.sample(index).values["text"] for index in range(len(source))] == texts


def test_a_file_saved_by_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes('\ufeffid;text\r\n1;\u00fcber\r\n2;"a; b"\r\n\r\n'.encode())
    assert [row.text for row in CsvSource(str(path)).rows] == ["\u00fcber", "a; b"]


def test_tabs(tmp_path: Path) -> None:
    path = tmp_path / "data.tsv"
    path.write_text("id\ttext\n1\ta, b, c\n")
    assert CsvSource(str(path)).rows[0].text == "a, b, c"


def test_a_long_cell_is_read(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("text\n" + "y" * 1_000_000 + "\n")
    before = csv.field_size_limit()
    assert len(CsvSource(str(path)).rows[0].text) == 1_000_000
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("content", [b"", b"image,text\n"])
def test_no_rows(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match="has no rows"):
        CsvSource(str(path))

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from data.made import encoded, pairs, picture
from limbeck.core.errors import DataError
from limbeck.data.record import Record, Table
from limbeck.data.sources.csv import CsvSource
from limbeck.data.table import TableSource, read_media


def test_content_is_the_sha256_of_the_raw_value(tmp_path: Path) -> None:
    source = CsvSource(str(pairs(tmp_path, 2)))
    assert source.content(1, "image") == hashlib.sha256(encoded(picture(1))).hexdigest()
    assert source.content(1, "text") == hashlib.sha256(b"thing 1").hexdigest()


def test_content_sees_a_file_edited_in_place_with_the_same_size_and_time(tmp_path: Path) -> None:
    import os

    path = pairs(tmp_path, 2)
    source = CsvSource(str(path))
    before, whole = source.content(0, "image"), source.fingerprint()
    file = tmp_path / "0.png"
    status = file.stat()
    data = bytearray(file.read_bytes())
    data[-10] ^= 1
    file.write_bytes(data)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert source.content(0, "image") != before
    assert source.fingerprint() != whole
    assert CsvSource(str(path)).fingerprint() == source.fingerprint()


def test_fingerprint_knows_split_label_and_id(tmp_path: Path) -> None:
    prints = {
        CsvSource(str(pairs(tmp_path, 2, **columns))).fingerprint()
        for columns in ({}, {"split": ["train", "test"]}, {"label": ["a", "b"]}, {"group": ["a", "b"]})
    }
    assert len(prints) == 4


def test_fingerprint_of_a_source_with_missing_files(tmp_path: Path) -> None:
    path = pairs(tmp_path, 2)
    (tmp_path / "1.png").unlink()
    assert len(CsvSource(str(path)).fingerprint()) == 64


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with open(path, "wb") as stream:
        stream.truncate(600 * 1024 * 1024)
    with pytest.raises(DataError, match="629 MB; at most 537 MB"):
        read_media(path, where="row 1")


def test_a_domain_is_part_of_row_and_fingerprint(tmp_path: Path) -> None:
    plain = TableSource("made", table=Table((Record("a", {"text": "x"}),), ("text",)), folder=tmp_path)
    placed = TableSource("made", table=Table((Record("a", {"text": "x"}, domain="here"),), ("text",)), folder=tmp_path)
    assert (plain.rows[0].domain, placed.rows[0].domain) == ("", "here")
    assert plain.fingerprint() != placed.fingerprint()


def test_a_row_that_cannot_be_used_names_no_class(tmp_path: Path) -> None:
    good, bad = Record("a", {"text": "x"}, label="cat"), Record("b", {"text": "y"}, label="dog", problem="broken")
    source = TableSource("made", table=Table((good, bad), ("text",)), folder=tmp_path)
    assert [(row.label, row.text) for row in source.rows] == [("cat", "x"), ("", "")]
    assert source.classes == ("cat",)


def test_a_path_that_is_not_utf8_can_be_printed(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"caf\\udce9\.png does not exist") as caught:
        read_media(tmp_path / "caf\udce9.png", where="row 1")
    str(caught.value).encode()


@pytest.mark.parametrize("url", ["https://x.org/a.png", "s3://bucket/a.png", "HTTP://x.org/a.png"])
def test_pictures_are_not_fetched(url: str, tmp_path: Path) -> None:
    table = Table((Record("a", {"image": url}),), ("image",))
    with pytest.raises(
        DataError, match=f"^row a of t: {url} is a URL, and URLs are not fetched; download the pictures"
    ):
        TableSource("t", table=table, folder=tmp_path).sample(0)

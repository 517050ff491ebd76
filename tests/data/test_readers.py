from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.core.errors import DataError
from limbeck.data.readers import read_csv, read_jsonl, read_parquet


def test_three_formats_give_one_table(tmp_path: Path) -> None:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    (tmp_path / "a.csv").write_text('id,text,extra\na,"x, y",1\nb,,2\n')
    (tmp_path / "a.jsonl").write_text('{"id": "a", "text": "x, y", "extra": 1}\n{"id": "b", "text": "", "extra": 2}\n')
    table = arrow.table({"id": ["a", "b"], "text": ["x, y", None], "extra": [1, 2]})
    parquet.write_table(table, tmp_path / "a.parquet")
    first = read_csv(tmp_path / "a.csv")
    assert first == read_jsonl(tmp_path / "a.jsonl") == read_parquet(tmp_path / "a.parquet")
    assert first.ignored == ("extra",)
    assert first.records[0].values == {"text": "x, y"}


def test_unreadable_files(tmp_path: Path) -> None:
    for reader in (read_csv, read_jsonl, read_parquet):
        with pytest.raises(DataError, match="nowhere"):
            reader(tmp_path / "nowhere")


def test_bytes_that_are_not_utf8_spoil_their_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,text\n1,caf\xe9\n2,caf\xc3\xa9\n")
    records = read_csv(path).records
    assert [record.problem for record in records] == ["column 'text' is not valid UTF-8", ""]
    assert records[1].values == {"text": "caf\u00e9"}


def test_deep_json_does_not_end_the_process(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "x"}\n' + "[" * 200_000 + "\n")
    assert read_jsonl(path).records[1].problem.startswith("not JSON")

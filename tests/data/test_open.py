from __future__ import annotations

from pathlib import Path

import pytest

from data.made import pairs, shard
from limbeck.core.errors import DataError, UsageError
from limbeck.data.open import open_source
from limbeck.data.sources.csv import CsvSource
from limbeck.data.sources.folder import FolderSource
from limbeck.data.sources.icons import IconsSource
from limbeck.data.sources.jsonl import JsonlSource
from limbeck.data.sources.parquet import ParquetSource
from limbeck.data.sources.tar import TarSource
from limbeck.data.variants.labels import LabelsSource


def test_formats_are_recognised(tmp_path: Path) -> None:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    (tmp_path / "a.CSV").write_text("text\nx\n")
    (tmp_path / "a.ndjson").write_text('{"text": "x"}\n')
    parquet.write_table(arrow.table({"text": ["x"]}), tmp_path / "a.parquet")
    (tmp_path / "shards").mkdir()
    shard(tmp_path / "shards" / "a.tar", {"1.txt": b"x"})
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "metadata.csv").write_text("text\nx\n")
    kinds = {"a.CSV": CsvSource, "a.ndjson": JsonlSource, "a.parquet": ParquetSource, "shards": TarSource,
             "shards/a.tar": TarSource, "folder": FolderSource}  # fmt: skip
    for name, kind in kinds.items():
        source = open_source(tmp_path / name)
        assert type(source) is kind
        assert source.rows[0].text == "x"


def test_icons_by_name() -> None:
    assert isinstance(open_source("icons"), IconsSource)


def test_names_that_do_not_exist(tmp_path: Path) -> None:
    pairs(tmp_path, 1)
    with pytest.raises(DataError, match=r"does not exist; .*one of digits, emoji, icons; did you mean .*/data\.csv\?"):
        open_source(tmp_path / "dta.csv")
    with pytest.raises(DataError, match="did you mean the built-in 'icons'"):
        open_source("icon")
    with pytest.raises(DataError, match="did you mean the built-in 'digits:labels=1'"):
        open_source("digit:labels=1")


def test_options_of_built_in_data() -> None:
    assert isinstance(open_source("digits:labels=10%"), LabelsSource)
    with pytest.raises(UsageError, match="did you mean 'labels'"):
        open_source("digits:label=0.1")


def test_formats_that_are_not_known(tmp_path: Path) -> None:
    for name, hint in (("a.xlsx", "valid: .csv"), ("a.tar.gz", "unpack it first")):
        (tmp_path / name).write_bytes(b"x")
        with pytest.raises(DataError, match=hint):
            open_source(tmp_path / name)


def test_a_folder_that_is_not_a_data_set(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither metadata"):
        open_source(tmp_path)
    pairs(tmp_path, 1)
    with pytest.raises(DataError, match=r"did you mean .*data\.csv"):
        open_source(tmp_path)


def test_too_many_rows_that_cannot_be_parsed_say_why(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,text,label\na,x,caf\xe9\nb,y,caf\xe9\n")
    with pytest.raises(DataError, match=r"^2 of 2 rows of .*: a, b; row a of .*'label' is not valid UTF-8 \(save the"):
        open_source(path)
    assert open_source(path, max_bad=1).rows[1].label == ""


def test_a_link_to_nothing_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "data.csv").symlink_to(tmp_path / "moved.csv")
    with pytest.raises(
        DataError, match=r"data\.csv is a link to .*/moved\.csv, which is not there; mend the link"
    ) as said:
        open_source(tmp_path / "data.csv")
    assert "did you mean" not in str(said.value)


def test_data_is_not_fetched() -> None:
    with pytest.raises(
        DataError, match=r"^https://x\.org/a\.csv is a URL, and URLs are not fetched; download it first"
    ):
        open_source("https://x.org/a.csv")


def test_a_list_of_captions_says_how_to_give_several(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": ["x", "y"]}\n')
    with pytest.raises(DataError, match="column 'text' holds a list, not text; several captions take a row each"):
        open_source(tmp_path / "a.jsonl")


def test_a_folder_of_folders_names_those_that_hold_rows(tmp_path: Path) -> None:
    for name in ("test", "train"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metadata.csv").write_text("text\nx\n")
        (tmp_path / name / "1.tar").write_bytes(b"")
    with pytest.raises(DataError, match=r"but its folders do \(test, train\): name one of them"):
        open_source(tmp_path)

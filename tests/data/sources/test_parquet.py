from __future__ import annotations

import json
import pickle
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from data.made import encoded, picture
from limbeck.core.artefact import sha256_bytes
from limbeck.core.errors import DataError
from limbeck.data.record import Cell
from limbeck.data.sources.parquet import ParquetSource


def write(path: Path, columns: dict[str, list[object]]) -> str:
    parquet.write_table(arrow.table(columns), path)
    return str(path)


def test_bytes_paths_and_the_image_type_of_datasets(tmp_path: Path) -> None:
    data = encoded(picture(1))
    (tmp_path / "a.png").write_bytes(data)
    for number, cells in enumerate(
        (["a.png", None], [data, None], [{"bytes": data, "path": None}, {"bytes": None, "path": None}])
    ):
        source = ParquetSource(write(tmp_path / f"{number}.parquet", {"image": cells, "text": ["x", "y"]}))
        assert source.sample(0).values == {"image": data, "text": "x"}
        assert source.rows[1].modalities == {"text"}


@pytest.mark.parametrize(
    "kind", [arrow.binary(), arrow.large_binary(), arrow.dictionary(arrow.int32(), arrow.binary())]
)
def test_pictures_stay_where_arrow_holds_them(kind: arrow.DataType, tmp_path: Path) -> None:
    data = [encoded(picture(number)) for number in range(3)] * 200  # several batches, and each picture many times
    parquet.write_table(arrow.table({"image": arrow.array(data, kind)}), tmp_path / "a.parquet", row_group_size=100)
    source = ParquetSource(str(tmp_path / "a.parquet"))
    assert all(isinstance(record.values["image"], Cell) for record in source.table.records)
    assert [source.sample(row).values["image"] for row in range(600)] == data
    assert source.content(301, "image") == sha256_bytes(data[301])
    assert pickle.loads(pickle.dumps(source)).sample(599).values["image"] == data[599]


def test_rows_that_hold_one_picture_are_right_answers_for_one_another(tmp_path: Path) -> None:
    first, second = encoded(picture(1)), encoded(picture(2))
    table = {"image": [first, second, first, first, None], "text": list("abcde"), "group": ["", "", "", "mine", ""]}
    groups = [row.group for row in ParquetSource(write(tmp_path / "a.parquet", table)).rows]
    assert groups[0] == groups[2] != ""
    assert (groups[1], groups[3], groups[4]) == ("", "mine", "")


def test_classes_have_the_names_that_the_file_gives_them(tmp_path: Path) -> None:
    label, other = {"names": ["cat", "dog"], "_type": "ClassLabel"}, [{"_type": "Value"}]
    noted = json.dumps({"info": {"features": {"label": label, "words": other, "image": {"_type": "Image"}}}})
    table = arrow.table({"text": ["w", "x", "y", "z"], "label": [1, 0, None, -1]})
    plain = ["1", "0", "", "-1"]
    for metadata, names in ((noted, ["dog", "cat", "", ""]), ("[]", plain), ("{", plain), ('{"info": {}}', plain)):
        parquet.write_table(table.replace_schema_metadata({"huggingface": metadata}), tmp_path / "a.parquet")
        assert [row.label for row in ParquetSource(str(tmp_path / "a.parquet")).rows] == names


def test_integers_that_pandas_made_floats(tmp_path: Path) -> None:
    table = {"text": ["x", "y", "z"], "label": [1.0, None, 2.5], "id": [7.0, 8.0, 9.0]}
    rows = ParquetSource(write(tmp_path / "a.parquet", table)).rows
    assert [(row.id, row.label) for row in rows] == [("7", "1"), ("8", ""), ("9", "2.5")]


def test_numbers_as_ids_and_unknown_columns(tmp_path: Path) -> None:
    source = ParquetSource(write(tmp_path / "a.parquet", {"id": [4, 5], "text": ["x", "y"], "width": [1, 2]}))
    assert [row.id for row in source.rows] == ["4", "5"]
    assert source.ignored == ("width",)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write(path, {"text": ["x"] * 100})
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DataError, match="not a readable Parquet file"):
        ParquetSource(str(path))

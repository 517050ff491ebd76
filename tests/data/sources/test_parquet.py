from __future__ import annotations

from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from data.made import encoded, picture
from limbeck.core.errors import DataError
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

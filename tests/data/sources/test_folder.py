from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.made import encoded, picture, write_csv
from limbeck.core.errors import DataError
from limbeck.data.sources.folder import FolderSource


def test_file_name_is_the_image(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.png").write_bytes(encoded(picture(1)))
    write_csv(tmp_path / "metadata.csv", [{"file_name": "deep/a.png", "text": "x"}])
    source = FolderSource(str(tmp_path))
    assert source.sample(0).values == {"image": encoded(picture(1)), "text": "x"}


def test_jsonl_and_parquet(tmp_path: Path) -> None:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    (tmp_path / "a.png").write_bytes(encoded(picture(1)))
    metadata = tmp_path / "metadata.jsonl"
    metadata.write_text(json.dumps({"file_name": "a.png", "text": "x"}))
    first = FolderSource(str(tmp_path)).fingerprint()
    metadata.unlink()
    parquet.write_table(arrow.table({"image": ["a.png"], "text": ["x"]}), tmp_path / "metadata.parquet")
    assert FolderSource(str(tmp_path)).fingerprint() == first


def test_exactly_one_metadata_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no metadata file"):
        FolderSource(str(tmp_path))
    (tmp_path / "metadata.csv").write_text("text\nx\n")
    (tmp_path / "metadata.jsonl").write_text('{"text": "x"}\n')
    with pytest.raises(DataError, match=r"metadata.csv and metadata.jsonl"):
        FolderSource(str(tmp_path))

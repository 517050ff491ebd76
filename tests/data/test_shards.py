from __future__ import annotations

from pathlib import Path

import pytest

from data.made import encoded, picture, write_csv
from limbeck.core.artefact import verify
from limbeck.core.errors import DataError, UsageError
from limbeck.data.shards import write_shards
from limbeck.data.sources.csv import CsvSource
from limbeck.data.sources.tar import TarSource


def test_every_format_of_picture_and_missing_modalities(tmp_path: Path) -> None:
    rows = [{"image": "", "text": "only text"}]
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"):
        (tmp_path / f"a.{kind}").write_bytes(encoded(picture(1), kind))
        rows.append({"image": f"a.{kind}", "text": ""})
    source = CsvSource(str(write_csv(tmp_path / "data.csv", rows)))
    write_shards(source, tmp_path / "out", rows_per_shard=3)
    manifest = verify(tmp_path / "out", kind="shards")
    assert manifest.source["rows"] == {"000000.tar": 3, "000001.tar": 3, "000002.tar": 1}
    found = TarSource(str(tmp_path / "out"))
    assert [found.sample(index).values for index in range(7)] == [source.sample(index).values for index in range(7)]


def test_nothing_is_left_when_a_row_cannot_be_read(tmp_path: Path) -> None:
    source = CsvSource(str(write_csv(tmp_path / "data.csv", [{"image": "nowhere.png"}])))
    with pytest.raises(DataError, match="row 0"):
        write_shards(source, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_arguments(tmp_path: Path) -> None:
    source = CsvSource(str(write_csv(tmp_path / "data.csv", [{"text": "x"}])))
    with pytest.raises(UsageError, match="exists already"):
        write_shards(source, tmp_path)
    with pytest.raises(UsageError, match="at least 1"):
        write_shards(source, tmp_path / "out", rows_per_shard=0)

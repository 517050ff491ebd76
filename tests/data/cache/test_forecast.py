"""The size is known before the first byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from data import cached as world
from data.cached import FLIP, Pictures, build, source_of
from limbeck.core.errors import ResourceError
from limbeck.data.cache import forecast


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_forecast_is_near_the_real_size_and_never_below(tmp_path: Path, dtype: str) -> None:
    source, teacher = source_of(tmp_path / "data", 300), Pictures(width=256)
    said = forecast(
        teacher,
        source=source,
        indices=range(300),
        view=world.views()["image"],
        augmentations=FLIP,
        draws=3,
        dtype=dtype,
    )
    assert teacher.rows == 0
    report = build(teacher, source, tmp_path / "cache", augmentations=FLIP, draws=3, dtype=dtype)
    assert said.rows == report.rows
    assert report.size <= said.size <= 1.05 * report.size


def test_too_small_a_disk_is_refused_before_the_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    source, teacher = source_of(tmp_path / "data"), Pictures()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10**6, 10**6 - 100, 100))
    with pytest.raises(ResourceError, match=r"cache of teacher\.image needs"):
        build(teacher, source, tmp_path / "cache")
    assert teacher.rows == 0
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]

from __future__ import annotations

from pathlib import Path

import pytest

from data.made import encoded, pairs, picture
from limbeck.core.errors import DataError
from limbeck.core.recipe import DataSpec
from limbeck.data.open import open_source
from limbeck.data.scan import drop_bad, load_data, scan


def test_a_clean_source_comes_back_as_it_is(tmp_path: Path) -> None:
    source = open_source(pairs(tmp_path, 4))
    report = scan(source)
    assert (report.rows, report.bad, report.share) == (4, (), 0.0)
    assert report.sizes == {(40, 30): 4}
    assert drop_bad(source, report) is source


def test_bad_rows_are_found_wherever_they_are(tmp_path: Path) -> None:
    path = pairs(tmp_path, 100)
    (tmp_path / "0.png").write_bytes(b"no picture")
    (tmp_path / "57.png").unlink()
    (tmp_path / "99.png").write_bytes(encoded(picture(1))[:100])
    source = open_source(path)
    report = scan(source)
    assert [(row.index, row.id) for row in report.bad] == [(0, "row-0"), (57, "row-57"), (99, "row-99")]
    assert "does not exist" in report.bad[1].reason
    assert len(report.lines(most=1)) == 2
    with pytest.raises(DataError, match="3 of 100 rows are bad"):
        drop_bad(source, report, max_bad=0.02)
    kept, again = load_data(DataSpec(str(path), max_bad=0.03))
    assert again == report
    assert len(kept) == 97


def test_a_part_can_be_looked_at(tmp_path: Path) -> None:
    path = pairs(tmp_path, 10)
    (tmp_path / "9.png").unlink()
    source = open_source(path)
    assert scan(source, indices=range(9)).bad == ()
    assert [row.index for row in scan(source, indices=[9, 1]).bad] == [9]

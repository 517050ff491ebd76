from __future__ import annotations

from pathlib import Path

import pytest

from data.made import pairs
from limbeck.core.errors import UsageError
from limbeck.data.sources.csv import CsvSource
from limbeck.data.subset import SubsetSource


def test_rows_are_renumbered(tmp_path: Path) -> None:
    source = CsvSource(str(pairs(tmp_path, 5)))
    subset = SubsetSource(source, keep=[3, 1])
    assert [row.id for row in subset.rows] == ["row-3", "row-1"]
    assert subset.sample(1).index == 1
    assert subset.sample(1).values == source.sample(1).values
    assert subset.content(0, "text") == source.content(3, "text")
    assert subset.modalities == source.modalities
    assert len({subset.fingerprint(), SubsetSource(source, keep=[1, 3]).fingerprint(), source.fingerprint()}) == 3


@pytest.mark.parametrize("keep", [[0, 0], [5], [-1]])
def test_wrong_rows(tmp_path: Path, keep: list[int]) -> None:
    with pytest.raises(UsageError, match="names a row"):
        SubsetSource(CsvSource(str(pairs(tmp_path, 5))), keep=keep)


def test_what_the_source_says_of_itself_is_passed_on(tmp_path: Path) -> None:
    class Shy(CsvSource):
        removed = ("x",)

        def may_display(self, index: int) -> bool:
            return index != 3

    subset = SubsetSource(Shy(str(pairs(tmp_path, 5))), keep=[3, 1])
    assert [subset.may_display(0), subset.may_display(1)] == [False, True]
    assert subset.removed == ("x",)
    assert not hasattr(SubsetSource(CsvSource(str(tmp_path / "data.csv")), keep=[0]), "removed")

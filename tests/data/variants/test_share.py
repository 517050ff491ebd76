from __future__ import annotations

from pathlib import Path

import pytest

from data.made import pairs
from limbeck.core.errors import UsageError
from limbeck.data.sources.csv import CsvSource
from limbeck.data.variants.share import ShareSource


@pytest.fixture
def whole(tmp_path: Path) -> CsvSource:
    split = ["train"] * 30 + ["validation"] * 5 + ["test"] * 5
    return CsvSource(str(pairs(tmp_path, 40, split=split, group=[f"g{n // 3}" for n in range(30)] + [""] * 10)))


def test_groups_stay_or_go_together_and_held_out_rows_stay(whole: CsvSource) -> None:
    part = ShareSource(whole, share=0.5)
    groups = {row.group for row in part.rows if row.split == "train"}
    assert len(groups) == 5
    assert sum(row.split == "train" for row in part.rows) == 15
    assert [row.id for row in part.rows if row.split != "train"] == [row.id for row in whole.rows[30:]]
    for index in (0, len(part) - 1):
        assert part.sample(index).id == part.rows[index].id


def test_shares_nest(whole: CsvSource) -> None:
    def ids(share: float, seed: int = 0) -> set[str]:
        return {row.id for row in ShareSource(whole, share=share, seed=seed).rows}

    assert ids(0.2) < ids(0.5) < ids(1.0) == {row.id for row in whole.rows}
    assert ids(0.2) != ids(0.2, seed=1)


@pytest.mark.parametrize("share", [0.0, -1.0, 1.1])
def test_a_share_is_a_share(whole: CsvSource, share: float) -> None:
    with pytest.raises(UsageError, match="above 0 and at most 1"):
        ShareSource(whole, share=share)

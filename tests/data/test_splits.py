from __future__ import annotations

from pathlib import Path

import pytest

from data.made import write_csv
from limbeck.core.errors import DataError
from limbeck.data.sources.csv import CsvSource
from limbeck.data.splits import hash_split, split_of

FRACTIONS = (0.8, 0.1, 0.1)


def source(folder: Path, rows: list[dict[str, str]]) -> CsvSource:
    return CsvSource(str(write_csv(folder / "data.csv", rows)))


def test_every_row_once_in_about_the_right_shares(tmp_path: Path) -> None:
    found = split_of(source(tmp_path, [{"id": f"r{n}", "text": "x"} for n in range(4000)]), FRACTIONS)
    assert sorted(index for part in found.values() for index in part) == list(range(4000))
    assert abs(len(found["test"]) - 400) < 60
    assert abs(len(found["validation"]) - 400) < 60


def test_a_row_keeps_its_split_when_the_file_changes(tmp_path: Path) -> None:
    rows = [{"id": f"r{n}", "text": "x"} for n in range(200)]
    first = source(tmp_path, rows)
    before = {first.rows[index].id: name for name, part in split_of(first).items() for index in part}
    second = source(tmp_path, [{"id": "new", "text": "y"}, *reversed(rows)])
    after = {second.rows[index].id: name for name, part in split_of(second).items() for index in part}
    assert {name: after[name] for name in before} == before


def test_a_group_stays_together(tmp_path: Path) -> None:
    rows = [{"id": f"r{n}", "text": "x", "group": f"g{n // 5}"} for n in range(500)]
    found = {index: name for name, part in split_of(source(tmp_path, rows)).items() for index in part}
    assert all(len({found[start + n] for n in range(5)}) == 1 for start in range(0, 500, 5))
    assert set(found.values()) == {"train", "validation", "test"}


def test_the_column_decides_where_there_is_one(tmp_path: Path) -> None:
    rows = [{"id": str(n), "text": "x", "split": name} for n, name in enumerate(["test", "", "val", "train"])]
    assert split_of(source(tmp_path, rows)) == {"train": [1, 3], "validation": [2], "test": [0]}


def test_incomplete_rows_train(tmp_path: Path) -> None:
    rows = [{"id": f"r{n}", "text": "x", "image": "" if n % 2 else "a.png", "group": f"g{n}" if n % 2 == 0 else ""}
            for n in range(200)]  # fmt: skip
    found = split_of(source(tmp_path, rows), (0.0, 0.5, 0.5))
    assert found["train"] == list(range(1, 200, 2))


@pytest.mark.parametrize("fractions", [(0.5, 0.5, 0.5), (1.1, -0.1, 0.0), (0.5, 0.5)])
def test_wrong_fractions(tmp_path: Path, fractions: tuple[float, float, float]) -> None:
    with pytest.raises(DataError, match="three shares that sum to 1"):
        split_of(source(tmp_path, [{"text": "x"}]), fractions)


def test_a_hash_that_must_never_change() -> None:
    found = [hash_split(name, FRACTIONS) for name in ("bed", "icon-12", "icon-16")]
    assert found == ["train", "test", "validation"]
    assert hash_split("anything", (0.0, 0.0, 1.0)) == "test"
    assert hash_split("anything", (0.0, 1.0, 0.0)) == "validation"

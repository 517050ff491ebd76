from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from data.made import pairs
from limbeck.core.errors import UsageError
from limbeck.data.assembler import Assembler
from limbeck.data.sources.csv import CsvSource
from limbeck.data.variants.labels import LabelsSource


@pytest.fixture
def full(tmp_path: Path) -> CsvSource:
    split = ["train"] * 34 + ["test"] * 6
    label = ["x"] * 20 + ["y"] * 10 + ["z"] * 4 + ["x", "y", "z"] * 2
    return CsvSource(str(pairs(tmp_path, 40, split=split, label=label)))


def test_every_class_keeps_its_share_and_at_least_one(full: CsvSource) -> None:
    few = LabelsSource(full, labels=0.1)
    kept = Counter(row.label for row in few.rows if row.split == "train")
    assert kept == {"x": 2, "y": 1, "z": 1, "": 30}
    assert [row.label for row in few.rows[34:]] == ["x", "y", "z"] * 2
    assert few.classes == ("x", "y", "z")
    for index in range(40):
        assert few.sample(index).label == few.rows[index].label


def test_shares_nest_and_none_is_none(full: CsvSource) -> None:
    def labelled(labels: float) -> set[str]:
        return {row.id for row in LabelsSource(full, labels=labels).rows if row.label and row.split == "train"}

    assert labelled(0.1) < labelled(0.5) < labelled(1.0)
    assert labelled(0.0) == set()
    assert list(LabelsSource(full, labels=1.0).rows) == list(full.rows)


def test_a_row_without_a_label_is_minus_one_in_a_batch(full: CsvSource) -> None:
    batch = Assembler(LabelsSource(full, labels=0.0), views={}).batch([0, 34, 35], [0, 0, 0])
    assert batch.target["label"].tolist() == [-1, 0, 1]


def test_errors(full: CsvSource, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        LabelsSource(full, labels=2.0)
    with pytest.raises(UsageError, match="have none"):
        LabelsSource(CsvSource(str(pairs(tmp_path / "bare", 2))), labels=0.5)

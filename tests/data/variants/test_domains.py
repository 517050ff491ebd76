from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.core.errors import DataError, UsageError
from limbeck.data.assembler import Assembler
from limbeck.data.record import Record, Table
from limbeck.data.table import TableSource
from limbeck.data.variants.domains import DomainsSource


class Drawn(TableSource):
    def may_display(self, index: int) -> bool:
        return self.rows[index].domain != "b"


def source(*, splits: tuple[str, ...] = ("train", "validation", "test")) -> TableSource:
    records = [
        Record(f"{split}-{domain}", {"text": f"{split} {domain}"}, split=split, domain=domain)
        for split in splits
        for domain in "abc"
    ]
    free = Record("free", {"text": "words"}, split="train")
    return Drawn("made", table=Table((*records, free), ("text",)), folder=Path())


def test_training_and_validation_stay_in_their_domains_and_test_in_its_own() -> None:
    found = DomainsSource(source(), train=("a", "b"), test=("c",))
    assert [row.id for row in found.rows] == [
        "train-a", "train-b", "validation-a", "validation-b", "test-c", "free"
    ]  # fmt: skip
    assert [found.may_display(n) for n in range(6)] == [True, False, True, False, True, True]


def test_what_is_not_named_takes_all() -> None:
    assert [row.id for row in DomainsSource(source(), test=("a",)).rows if row.split == "test"] == ["test-a"]
    assert len(DomainsSource(source()).rows) == 10


def test_batches_number_the_domains() -> None:
    assembler = Assembler(DomainsSource(source(), test=("c",)), views={})
    assert assembler.domains == ("a", "b", "c")
    assert assembler.batch([0, 1, 6, 7], [0] * 4).target["domain"].tolist() == [0, 1, 2, -1]


def test_errors() -> None:
    with pytest.raises(UsageError, match="unknown domain 'appel'"):
        DomainsSource(source(), train=("appel",))
    bare = TableSource("made", table=Table((Record("x", {"text": "y"}),), ("text",)), folder=Path())
    with pytest.raises(UsageError, match="have none"):
        DomainsSource(bare, train=("a",))
    with pytest.raises(DataError, match="no test row"):
        DomainsSource(source(splits=("train",)), test=("a",))

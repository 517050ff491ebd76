"""Every source, found by walking the package, keeps the contract of `limbeck.core.source`."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from data.fake_npm import needs_emoji, require_npm
from data.made import encoded, picture, shard, write_csv
from limbeck.core.discovery import parts
from limbeck.core.errors import DataError
from limbeck.core.source import Row, Source
from limbeck.data.places import caching_in
from limbeck.data.record import Table
from limbeck.data.sources.csv import CsvSource
from limbeck.data.subset import SubsetSource
from limbeck.data.table import TableSource

FOUND = parts(Source, "data")
ROWS = [
    {"id": "a", "image": "a.png", "text": "thing a", "split": "train", "label": "x", "group": "g"},
    {"id": "b", "image": "b.png", "text": "thing b", "split": "test", "label": "", "group": ""},
    {"id": "c", "image": "", "text": "only text", "split": "train", "label": "", "group": ""},
    {"id": "d", "image": "d.png", "text": "", "split": "validation", "label": "y", "group": "g"},
]


def csv(folder: Path) -> CsvSource:
    return CsvSource(str(write_csv(folder / "data.csv", ROWS)))


def table(folder: Path, cls: type) -> Source:
    return cls("made", table=csv(folder).table, folder=folder)


def jsonl(folder: Path, cls: type) -> Source:
    (folder / "data.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS))
    return cls(str(folder / "data.jsonl"))


def parquet(folder: Path, cls: type) -> Source:
    import pyarrow as arrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(arrow.Table.from_pylist(ROWS), folder / "data.parquet")
    return cls(str(folder / "data.parquet"))


def image_folder(folder: Path, cls: type) -> Source:
    write_csv(folder / "metadata.csv", ROWS)
    return cls(str(folder))


def tar(folder: Path, cls: type) -> Source:
    members = {}
    for row in ROWS:
        if row["image"]:
            members[f"{row['id']}.png"] = (folder / row["image"]).read_bytes()
        members[f"{row['id']}.json"] = json.dumps({k: v for k, v in row.items() if k != "image"}).encode()
    return cls(str(shard(folder / "data.tar", members)))


def subset(folder: Path, cls: type) -> Source:
    return cls(SubsetSource(csv(folder), keep=[3, 2, 1, 0]), keep=[3, 2, 1, 0])


def emoji(folder: Path, cls: type) -> Source:
    require_npm()
    return cls(texts=20)


def in_one_domain(folder: Path, cls: type) -> Source:
    records = tuple(replace(record, domain="here") for record in csv(folder).table.records)
    return cls(TableSource("made", table=Table(records, ("image", "text")), folder=folder), train=("here",))


def small(folder: Path, cls: type) -> Source:
    with caching_in(folder / "cache"):
        return cls(csv(folder), size=8)


MAKE: dict[str, Callable[[Path, type], Source]] = {
    "CsvSource": lambda folder, _: csv(folder),
    "JsonlSource": jsonl,
    "ParquetSource": parquet,
    "FolderSource": image_folder,
    "TarSource": tar,
    "TableSource": table,
    "SubsetSource": subset,
    "IconsSource": lambda folder, cls: cls(texts=20),
    "EmojiSource": emoji,
    "DigitsSource": lambda folder, cls: cls(),
    "DomainsSource": in_one_domain,
    "LabelsSource": lambda folder, cls: cls(csv(folder), labels=1.0),
    "NoiseSource": lambda folder, cls: cls(csv(folder), noise=1.0),  # of one pair: its own caption
    "RotateSource": lambda folder, cls: cls(csv(folder), rotate=30),
    "ShareSource": lambda folder, cls: cls(csv(folder), share=1.0),
    "SizeSource": small,
}
BUILT_IN = ("IconsSource", "EmojiSource", "DigitsSource")


def test_every_source_has_an_example() -> None:
    assert {path.rpartition(".")[2] for path in FOUND} == set(MAKE)


@pytest.fixture(
    params=[pytest.param(path, marks=needs_emoji() if path.endswith("EmojiSource") else ()) for path in FOUND]
)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Source]:
    for name in "abd":
        (tmp_path / f"{name}.png").write_bytes(encoded(picture(ord(name))))
    cls = FOUND[request.param]
    return lambda: MAKE[cls.__name__](tmp_path, cls)


def test_rows_agree_with_samples(made: Callable[[], Source]) -> None:
    source = made()
    assert len(source) == len(source.rows) > 0
    assert len({row.id for row in source.rows}) == len(source)
    for index in [*range(min(8, len(source))), len(source) - 1]:
        row, sample = source.rows[index], source.sample(index)
        assert (sample.index, sample.id, sample.split) == (index, row.id, row.split)
        assert (sample.label, sample.group) == (row.label, row.group)
        assert set(sample.values) == row.modalities <= set(source.modalities)
        assert sample.values.get("text", "") == row.text
        assert "image" not in sample.values or isinstance(sample.values["image"], bytes)


def test_content_is_the_hash_of_the_value(made: Callable[[], Source]) -> None:
    source = made()
    for index in range(min(4, len(source))):
        for modality, value in source.sample(index).values.items():
            data = value.encode() if isinstance(value, str) else value
            assert source.content(index, modality) == hashlib.sha256(data).hexdigest()  # type: ignore[arg-type]


def test_fingerprint_is_stable_and_long(made: Callable[[], Source]) -> None:
    assert made().fingerprint() == made().fingerprint()
    assert len(made().fingerprint()) == 64


def test_a_source_travels_to_workers(made: Callable[[], Source]) -> None:
    source = made()
    other = pickle.loads(pickle.dumps(source))
    assert other.rows == source.rows
    assert other.sample(0) == source.sample(0)


def test_rows_are_those_of_the_example(made: Callable[[], Source]) -> None:
    source = made()
    if type(source).__name__ in BUILT_IN:
        assert len(source) > 1395
        return
    expected = [
        Row(row["id"], frozenset(m for m in ("image", "text") if row[m]), row["split"], row["label"], row["group"],
            row["text"])
        for row in ROWS
    ]  # fmt: skip
    assert [replace(row, domain="") for row in source.rows] == expected


def test_a_modality_that_is_not_there_is_a_data_error(made: Callable[[], Source]) -> None:
    source = made()
    lacking = [(n, m) for n, row in enumerate(source.rows) for m in ("image", "text") if m not in row.modalities]
    assert lacking
    index, modality = lacking[0]
    with pytest.raises(DataError, match=f"no {modality}"):
        source.content(index, modality)
    assert TableSource in FOUND.values()

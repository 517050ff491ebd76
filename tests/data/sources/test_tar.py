from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.made import encoded, pairs, picture, shard
from limbeck.core.errors import ArtefactError, DataError
from limbeck.data.shards import write_shards
from limbeck.data.sources.csv import CsvSource
from limbeck.data.sources.tar import TarSource


def test_members_of_one_stem_are_a_row(tmp_path: Path) -> None:
    data = encoded(picture(1))
    fields = json.dumps({"text": "y", "id": "second", "split": "val", "label": "c"}).encode()
    path = shard(
        tmp_path / "a.tar",
        {"x/1.txt": "\ufeffthing".encode(), "./x/1.png": data, "x/2.json": fields, "x/3.PNG": data, "x/3.cls": b"dog\n",
         "x/1.meta.xyz": b"?", "README": b"hello"},
    )  # fmt: skip
    source = TarSource(str(path))
    assert [row.id for row in source.rows] == ["x/1", "second", "x/3"]
    assert source.sample(0).values == {"image": data, "text": "thing"}
    assert (source.rows[1].split, source.rows[1].label) == ("validation", "c")
    assert (source.rows[2].label, source.rows[2].modalities) == ("dog", {"image"})
    assert source.ignored == (".meta.xyz",)


@pytest.mark.parametrize(("key", "near"), [("splt", "split"), ("lable", "label"), ("caption", "text")])
def test_misspelt_keys_of_json_members_are_refused_as_columns_are(tmp_path: Path, key: str, near: str) -> None:
    members = {"1.png": encoded(picture(1)), "1.json": json.dumps({key: "test"}).encode()}
    with pytest.raises(DataError, match=rf"unknown column '{key}' in .*; valid: image, text.*did you mean '{near}'\?"):
        TarSource(str(shard(tmp_path / "a.tar", members)))


def test_keys_and_endings_that_nothing_reads_are_listed(tmp_path: Path) -> None:
    found = json.dumps({"caption": "x", "url": "u", "image": "1.png", "key": "1", "id": "", "text": None}).encode()
    members = {"1.txt": b"x", "1.json": found, "1.heic": b"x", "2.txt": b"y", "2.npy": b"", "2.HEIC": b"x"}
    source = TarSource(str(shard(tmp_path / "a.tar", members)))
    assert source.ignored == ("caption", "url", "image (a key of .json)", "key", ".heic", ".npy")
    assert [row.modalities for row in source.rows] == [{"text"}, {"text"}]


def test_other_names_of_jpeg(tmp_path: Path) -> None:
    data = encoded(picture(1), "JPEG")
    source = TarSource(str(shard(tmp_path / "a.tar", {"1.jfif": data, "1.txt": b"x", "2.JPE": data})))
    assert [row.modalities for row in source.rows] == [{"image", "text"}, {"image"}]
    assert source.ignored == ()


def test_names_with_dots_are_not_listed_one_by_one(tmp_path: Path) -> None:
    members = {f"photo.{number:04}.png": b"x" for number in range(30)}
    with pytest.raises(
        DataError, match=r"no rows; .*found members ending in \.0000\.png, .*\.\.\. \(30 endings in all\)"
    ):
        TarSource(str(shard(tmp_path / "a.tar", members)))
    assert len(TarSource(str(shard(tmp_path / "b.tar", members | {"1.txt": b"x"}))).ignored) == 9


def test_a_folder_of_shards_in_order(tmp_path: Path) -> None:
    for name in ("b", "a"):
        shard(tmp_path / f"{name}.tar", {f"{name}1.txt": b"x", f"{name}2.txt": b"y"})
    assert [row.id for row in TarSource(str(tmp_path)).rows] == ["a1", "a2", "b1", "b2"]


def test_what_is_said_twice_alike_is_said_once(tmp_path: Path) -> None:
    alike = {"1.txt": b"a cat", "1.json": b'{"text": "a cat", "label": 3}', "1.cls": b"3\n"}
    other = {"2.txt": b"a cat", "2.json": b'{"text": "a dog"}', "3.cls": b"3", "3.json": b'{"label": 4, "text": "x"}'}
    source = TarSource(str(shard(tmp_path / "a.tar", {**alike, **other})))
    assert source.rows[0].text == "a cat"
    assert source.rows[0].label == "3"
    problems = [record.problem for record in source.table.records]
    assert problems[0] == ""
    assert "a second text for one row" in problems[1]
    assert "a second label for one row" in problems[2]


def test_bad_members_spoil_their_row_only(tmp_path: Path) -> None:
    members = {"1.txt": b"\xff\xfe", "2.json": b"{", "3.png": b"x", "3.jpg": b"x", "4.txt": b"good"}
    source = TarSource(str(shard(tmp_path / "a.tar", members)))
    assert [row.id for row in source.rows if row.modalities] == ["4"]
    with pytest.raises(DataError, match="a second image"):
        source.sample(2)


def test_one_id_in_two_shards_is_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        shard(tmp_path / f"{name}.tar", {"1.txt": b"x"})
    with pytest.raises(DataError, match=r"duplicate ids in .*: 1;"):
        TarSource(str(tmp_path))


def test_shards_give_back_what_was_written(tmp_path: Path) -> None:
    source = CsvSource(str(pairs(tmp_path / "in", 5, label=list("abcab"))))
    write_shards(source, tmp_path / "out", rows_per_shard=2)
    found = TarSource(str(tmp_path / "out"))
    assert len(list((tmp_path / "out").glob("*.tar"))) == 3
    assert found.fingerprint() == source.fingerprint()
    assert [found.sample(i).values for i in range(5)] == [source.sample(i).values for i in range(5)]


def test_a_shard_that_differs_from_its_manifest_is_refused(tmp_path: Path) -> None:
    write_shards(CsvSource(str(pairs(tmp_path / "in", 5))), tmp_path / "out", rows_per_shard=2)
    last = tmp_path / "out" / "000002.tar"
    content = last.read_bytes()
    last.unlink()
    with pytest.raises(ArtefactError, match=r"000002\.tar is missing"):
        TarSource(str(tmp_path / "out"))
    flipped = bytearray(content)
    flipped[700] ^= 1
    last.write_bytes(flipped)
    for path in (tmp_path / "out", last):
        with pytest.raises(ArtefactError, match="differs from its manifest"):
            TarSource(str(path))
    last.write_bytes(content)
    shard(tmp_path / "out" / "more.tar", {"z.txt": b"z"})
    with pytest.raises(ArtefactError, match="not in the manifest"):
        TarSource(str(tmp_path / "out"))


def test_another_tools_manifest_is_left_alone(tmp_path: Path) -> None:
    shard(tmp_path / "a.tar", {"1.txt": b"x"})
    (tmp_path / "manifest.json").write_text('{"name": "my shards"}')
    assert len(TarSource(str(tmp_path))) == 1


def test_a_shard_that_shrinks_after_opening_is_noticed(tmp_path: Path) -> None:
    path = shard(tmp_path / "a.tar", {"1.png": encoded(picture(1)), "2.png": encoded(picture(2))})
    source = TarSource(str(path))
    path.write_bytes(path.read_bytes()[:1024])
    with pytest.raises(DataError, match="shorter since it was opened"):
        source.sample(1)


def test_what_is_not_a_tar_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    for content in (b"", b"hello", b"\x1f\x8b" + b"x" * 2000, b"x" * 5000):
        path.write_bytes(content)
        with pytest.raises(DataError, match="cut short or damaged"):
            TarSource(str(path))
    path.write_bytes(b"\0" * 10240)
    with pytest.raises(DataError, match="no rows"):
        TarSource(str(path))

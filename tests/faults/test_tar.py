"""Fault 10: a tar shard cut at every 512-byte boundary is never read short without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.made import encoded, pairs, picture, shard
from limbeck.core.errors import DataError, LimbeckError
from limbeck.data.shards import write_shards
from limbeck.data.sources.csv import CsvSource
from limbeck.data.sources.tar import TarSource


def members(count: int) -> dict[str, bytes]:
    found = {}
    for number in range(count):
        found[f"{number}.png"] = encoded(picture(number))
        found[f"{number}.txt"] = f"thing {number}".encode()
    return found


def outcomes(content: bytes, place: Path, rows: int, step: int) -> tuple[int, int]:
    """(cuts that were refused, cuts that still gave every row); anything else fails."""
    refused = whole = 0
    for end in range(0, len(content), step):
        place.write_bytes(content[:end])
        try:
            source = TarSource(str(place))
            samples = [source.sample(index) for index in range(len(source))]
        except LimbeckError:
            refused += 1
            continue
        assert len(samples) == rows, f"cut at {end}: {len(samples)} rows without a word"
        assert all(len(sample.values) == 2 for sample in samples), f"cut at {end}: values are missing"
        whole += 1
    return refused, whole


def test_every_block_boundary(tmp_path: Path) -> None:
    content = shard(tmp_path / "whole.tar", members(10)).read_bytes()
    data_end = len(content.rstrip(b"\0"))
    refused, whole = outcomes(content, tmp_path / "cut.tar", 10, 512)
    # cuts that are allowed to pass lie inside the padding that follows the closing block
    assert whole == len([end for end in range(0, len(content), 512) if end >= -(-data_end // 512) * 512 + 512])
    assert refused + whole == len(range(0, len(content), 512))
    assert refused > 40


def test_odd_places(tmp_path: Path) -> None:
    content = shard(tmp_path / "whole.tar", members(3)).read_bytes()
    refused, _ = outcomes(content, tmp_path / "cut.tar", 3, 97)
    assert refused > 60


def test_long_names_have_headers_of_their_own(tmp_path: Path) -> None:
    long = {f"{'folder/' * 30}{name}": data for name, data in members(3).items()}
    content = shard(tmp_path / "whole.tar", long).read_bytes()
    refused, _ = outcomes(content, tmp_path / "cut.tar", 3, 512)
    assert refused > 20


def test_a_damaged_header_is_not_the_end(tmp_path: Path) -> None:
    content = bytearray(shard(tmp_path / "whole.tar", members(3)).read_bytes())
    place = bytes(content).find(b"1.png")
    content[place] ^= 1
    (tmp_path / "damaged.tar").write_bytes(content)
    with pytest.raises(DataError, match="cut short or damaged"):
        TarSource(str(tmp_path / "damaged.tar"))


def test_cuts_beside_a_manifest_are_all_refused(tmp_path: Path) -> None:
    write_shards(CsvSource(str(pairs(tmp_path / "in", 4))), tmp_path / "out")
    place = tmp_path / "out" / "000000.tar"
    content = place.read_bytes()
    refused, whole = outcomes(content, place, 4, 512)
    assert whole == 0
    assert refused == len(range(0, len(content), 512))

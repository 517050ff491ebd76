from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.made import encoded, picture
from limbeck.core.artefact import sha256_bytes
from limbeck.core.errors import DataError, UsageError
from limbeck.data.images import decode_image
from limbeck.data.record import Record, Table
from limbeck.data.table import TableSource
from limbeck.data.variants.size import SizeSource


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def source(*pictures: bytes) -> TableSource:
    records = [Record(f"r{n}", {"image": data, "text": f"t{n}"}) for n, data in enumerate(pictures)]
    records.append(Record("words", {"text": "alone"}))
    return TableSource("made", table=Table(tuple(records), ("image", "text")), folder=Path())


def test_pictures_have_the_size_and_the_pixels_of_a_plain_resize() -> None:
    data = encoded(picture(1, (64, 64)))
    small = SizeSource(source(data), size=16)
    expected = decode_image(data).resize((16, 16), Image.Resampling.BICUBIC)
    got = decode_image(small.sample(0).values["image"])
    assert np.array_equal(np.asarray(got), np.asarray(expected))
    assert small.content(0, "image") == sha256_bytes(small.sample(0).values["image"])
    assert small.sample(0).values["text"] == "t0"
    assert small.sample(1).values == {"text": "alone"}
    assert small.content(1, "text") == sha256_bytes(b"alone")


def test_long_pictures_are_fitted_onto_white() -> None:
    small = SizeSource(source(encoded(Image.new("RGB", (40, 20), (255, 0, 0)))), size=8)
    pixels = np.asarray(decode_image(small.sample(0).values["image"]))
    assert (pixels[2:6] == (255, 0, 0)).all()
    assert (pixels[:2] == 255).all()
    assert (pixels[6:] == 255).all()


def test_made_once_and_mended(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = source(encoded(picture(1)), encoded(picture(2)))
    first = SizeSource(inner, size=8).sample(1)
    (folder,) = cache.glob("pixels-8-*")
    monkeypatch.setattr("limbeck.data.variants.size._fitted", lambda *_: pytest.fail("made again"))
    assert SizeSource(inner, size=8).sample(1) == first
    monkeypatch.undo()
    monkeypatch.setenv("LIMBECK_CACHE", str(cache))
    damaged = bytearray((folder / "pixels.npy").read_bytes())
    damaged[-1] ^= 1
    (folder / "pixels.npy").write_bytes(damaged)
    assert SizeSource(inner, size=8).sample(1) == first


def test_another_picture_or_size_is_another_file(cache: Path) -> None:
    for pictures, size in (((1, 2), 8), ((1, 3), 8), ((1, 2), 9), ((1, 2), 8)):
        SizeSource(source(*(encoded(picture(n)) for n in pictures)), size=size)
    assert len(list(cache.glob("pixels-*"))) == 3


def test_errors(cache: Path) -> None:
    with pytest.raises(UsageError, match="4 to 512"):
        SizeSource(source(), size=2)
    with pytest.raises(DataError, match="row r0"):
        SizeSource(source(b"no picture"), size=8)
    assert not list(cache.glob("*pixels*"))

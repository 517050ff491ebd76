from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.made import encoded
from limbeck.core.artefact import sha256_bytes
from limbeck.core.errors import UsageError
from limbeck.data.images import decode_image
from limbeck.data.record import Record, Table
from limbeck.data.table import TableSource
from limbeck.data.variants.rotate import RotateSource


def source() -> TableSource:
    pixels = np.zeros((9, 9, 3), np.uint8)
    pixels[0, 4] = 255  # a dot in the middle of the upper edge
    picture = encoded(Image.fromarray(pixels))
    records = [Record(split, {"image": picture, "text": split}, split=split) for split in ("train", "test")]
    return TableSource("made", table=Table(tuple(records), ("image", "text")), folder=Path())


def test_a_quarter_turn_against_the_clock_by_hand() -> None:
    turned = RotateSource(source(), rotate=90)
    pixels = np.asarray(decode_image(turned.sample(1).values["image"]))
    assert pixels[4, 0, 0] > 200  # the dot is in the middle of the left edge
    assert pixels.sum() == pixels[4, 0].sum()


def test_only_test_pictures_turn() -> None:
    inner, turned = source(), RotateSource(source(), rotate=30)
    assert turned.sample(0) == inner.sample(0)
    assert turned.content(0, "image") == inner.content(0, "image")
    assert turned.sample(1).values["text"] == "test"
    assert turned.content(1, "image") == sha256_bytes(turned.sample(1).values["image"]) != inner.content(1, "image")
    assert turned.content(1, "text") == inner.content(1, "text")


def test_the_corners_take_the_colour_of_the_first_pixel() -> None:
    white = encoded(Image.new("RGB", (8, 8), (250, 240, 230)))
    table = Table((Record("x", {"image": white}, split="test"),), ("image",))
    turned = RotateSource(TableSource("made", table=table, folder=Path()), rotate=45)
    assert (np.asarray(decode_image(turned.sample(0).values["image"])) == (250, 240, 230)).all()


def test_an_angle_is_an_angle() -> None:
    with pytest.raises(UsageError, match="between -180 and 180"):
        RotateSource(source(), rotate=400)

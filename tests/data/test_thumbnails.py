from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image

from data.made import encoded, pairs, picture
from limbeck.data.sources.csv import CsvSource
from limbeck.data.thumbnails import thumbnails, thumbnails_of


def test_pixels_know_the_picture_not_the_file() -> None:
    made = thumbnails_of([encoded(picture(1)), encoded(picture(1), "TIFF"), encoded(picture(1), "JPEG"), picture(1)])
    assert made.pixels[0] == made.pixels[1] == made.pixels[3] != made.pixels[2]
    assert made.whole.shape == made.inner.shape == (4, 3, 32, 32)


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    path = pairs(tmp_path, 5)
    (tmp_path / "1.png").unlink()
    (tmp_path / "2.png").write_bytes(b"no")
    made = thumbnails(CsvSource(str(path)), range(5))
    assert made.index == (0, 3, 4)
    assert len(made) == 3
    assert made.rows([2]).index == (4,)
    assert len(thumbnails_of([])) == 0


def test_inner_does_not_see_a_plain_border() -> None:
    small = picture(1, (60, 60))
    framed = Image.new("RGB", (100, 80), small.getpixel((0, 0)))
    framed.paste(small, (30, 5))
    plain = Image.new("RGB", (30, 30), (9, 9, 9))
    made = thumbnails_of([small, framed, plain])
    assert (made.inner[0].int() - made.inner[1].int()).abs().float().mean() < 8
    assert (made.whole[0].int() - made.whole[1].int()).abs().float().mean() > 20
    assert torch.equal(made.inner[2], made.whole[2])


def test_a_large_picture_has_the_thumbnail_of_a_small_one() -> None:
    framed = Image.new("RGB", (1200, 1000), (200, 200, 200))
    framed.paste(picture(1, (900, 600)), (100, 300))
    made = thumbnails_of([framed, framed.resize((400, 333), Image.Resampling.BOX)])
    for small in (made.whole, made.inner):
        assert (small[0].int() - small[1].int()).abs().float().mean() < 2
    assert (made.whole[0].int() - made.inner[0].int()).abs().float().mean() > 20
    assert made.pixels[0] != made.pixels[1]

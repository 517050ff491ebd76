"""Faults 11, 12 (images) and 16: damaged, odd, huge and leaked pictures."""

from __future__ import annotations

import io
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.made import encoded, picture, write_csv
from limbeck.core.errors import DataError
from limbeck.core.spec import ImageSpec
from limbeck.data.duplicates import find_duplicates
from limbeck.data.icon_pictures import icon_pictures
from limbeck.data.images import decode_image
from limbeck.data.open import open_source
from limbeck.data.scan import drop_bad, scan
from limbeck.data.thumbnails import Thumbnails, thumbnails_of
from limbeck.data.views.image import ImageView


def pixels(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))


def exif_turned(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to show
    return encoded(image, "PNG", exif=exif)


def palette_with_hole() -> bytes:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    return encoded(image, "PNG", transparency=0)


def animated() -> bytes:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    return encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])


GREY16 = np.array([[0, 257, 32896, 65535]], dtype=np.uint16)
GOOD = {
    "plain.png": (encoded(picture(1)), pixels(picture(1))),
    "wrong-extension.jpg": (encoded(picture(2)), pixels(picture(2))),
    "sixteen.png": (encoded(Image.fromarray(GREY16)), np.repeat([[[0], [1], [128], [255]]], 3, axis=2)),
    "palette.png": (palette_with_hole(), np.array([[[255, 255, 255], [0, 0, 255]]])),
    "exif.png": (exif_turned(picture(3)), pixels(picture(3).transpose(Image.Transpose.ROTATE_270))),
    "animated.gif": (animated(), np.full((4, 4, 3), (255, 0, 0))),
    "tiny.png": (encoded(Image.new("RGB", (1, 1), (9, 8, 7))), np.array([[[9, 8, 7]]])),
    "sliver.png": (encoded(Image.new("RGB", (1, 10_000), (9, 8, 7))), np.full((10_000, 1, 3), (9, 8, 7))),
    "cmyk.tif": (encoded(Image.new("CMYK", (3, 2), (0, 255, 255, 0)), "TIFF"), np.full((2, 3, 3), (255, 0, 0))),
    "grey.png": (encoded(picture(4, mode="L")), pixels(picture(4, mode="L"))),
}
WHOLE_JPEG = encoded(picture(5, (200, 200)), "JPEG")
BAD = {
    "truncated.jpg": WHOLE_JPEG[: len(WHOLE_JPEG) // 2],
    "truncated.png": encoded(picture(6, (200, 200)))[:-2000],
    "zero-bytes.png": b"",
    "page.jpg": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    "zeros.png": b"\0" * 4000,
    "header-only.png": encoded(picture(7))[:33],
    "vector.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "script.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
}


@pytest.mark.parametrize("name", GOOD)
def test_good_pictures_decode_to_golden_pixels(name: str) -> None:
    data, expected = GOOD[name]
    assert np.array_equal(np.asarray(decode_image(data)), expected)
    view = ImageView(ImageSpec(64, 64, shortest_edge=64))
    assert view.prepare(data)["pixels"].shape == (3, 64, 64)


@pytest.mark.parametrize("name", BAD)
def test_bad_pictures_are_refused(name: str) -> None:
    with pytest.raises(DataError) as caught:
        decode_image(BAD[name])
    assert "\n" not in str(caught.value)


def damaged_data(folder: Path, good: int) -> tuple[Path, list[str]]:
    rows, bad = [], []
    for number in range(good):
        (folder / f"{number}.png").write_bytes(encoded(picture(number)))
        rows.append({"id": f"good-{number}", "image": f"{number}.png", "text": "x"})
    for name, data in BAD.items():
        (folder / name).write_bytes(data)
        rows.insert(len(rows) // 2, {"id": f"bad {name}", "image": name, "text": "x"})
    for name, (data, _) in GOOD.items():
        (folder / name).write_bytes(data)
        rows.append({"id": f"odd {name}", "image": name, "text": "x"})
    rows.append({"id": "bad missing", "image": "nowhere.png", "text": "x"})
    bad = [row["id"] for row in rows if row["id"].startswith("bad")]
    return write_csv(folder / "data.csv", rows), bad


def test_five_percent_bad_rows_are_listed_and_dropped(tmp_path: Path) -> None:
    path, bad = damaged_data(tmp_path, 161)
    source = open_source(path)
    report = scan(source)
    assert (report.rows, [row.id for row in report.bad]) == (180, bad)
    assert report.share == 0.05
    kept = drop_bad(source, report, max_bad=0.05)
    assert [row.id for row in kept.rows] == [row.id for row in source.rows if row.id not in bad]
    assert scan(kept).bad == ()


def test_too_many_bad_rows_abort(tmp_path: Path) -> None:
    path, bad = damaged_data(tmp_path, 20)
    source = open_source(path)
    with pytest.raises(DataError, match=rf"{len(bad)} of 39 rows are bad, 23.08% where 1.00% are allowed.*--max-bad"):
        drop_bad(source, scan(source))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few KB that decodes to width x height x 4 bytes."""
    packer = zlib.compressobj(9)
    line = b"\0" * (1 + 4 * width)
    body = b"".join([packer.compress(line) for _ in range(height)] + [packer.flush()])

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x06\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


_MEASURE = """
import resource, sys, time
from limbeck.core.errors import DataError
from limbeck.data.images import decode_image
from PIL import Image
Image.init()
data = open(sys.argv[1], "rb").read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
try:
    decode_image(data)
except DataError as error:
    print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, str(error))
"""


@pytest.mark.parametrize("size", [(10_000, 10_000), (40_000, 40_000), (2_000_000_000, 1)])
def test_decompression_bombs_are_refused_at_once(tmp_path: Path, size: tuple[int, int]) -> None:
    small = bomb(10_000, 1000) if size[1] > 1 else bomb(1000, 1)
    data = bytearray(small)
    data[16:24] = size[0].to_bytes(4) + size[1].to_bytes(4)
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4)
    (tmp_path / "bomb.png").write_bytes(data)
    run = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(tmp_path / "bomb.png")], capture_output=True, text=True, check=True
    )
    seconds, kilobytes, message = run.stdout.split(" ", 2)
    assert "pixels" in message
    assert float(seconds) < 0.5
    assert int(kilobytes) < 150_000


def test_a_claim_of_a_huge_jpeg_is_refused() -> None:
    data = bytearray(WHOLE_JPEG)
    place = bytes(data).find(b"\xff\xc0")
    data[place + 5 : place + 9] = b"\xff\xff\xff\xff"
    start = time.perf_counter()
    with pytest.raises(DataError, match="pixels"):
        decode_image(bytes(data))
    assert time.perf_counter() - start < 0.5


def planted(image: Image.Image, kind: str, generator: np.random.Generator) -> object:
    width, height = image.size
    if kind == "jpeg":
        out = io.BytesIO()
        image.save(out, "JPEG", quality=int(generator.integers(30, 80)))
        return out.getvalue()
    if kind == "resize":
        side = int(generator.integers(64, 400))
        return image.resize((side, side), Image.Resampling.BICUBIC)
    left, top, right, bottom = generator.uniform(0, 0.05, 4)
    box = (left * width, top * height, width - right * width, height - bottom * height)
    return image.resize(image.size, Image.Resampling.BICUBIC, box=box)


@pytest.fixture(scope="module")
def solid() -> tuple[list[Image.Image], Thumbnails]:
    drawn = icon_pictures()
    images = [decode_image(data) for (style, _), data in drawn.png.items() if style == "solid"]
    return images, thumbnails_of(images)


def moved(thumbs: Thumbnails, places: list[int]) -> Thumbnails:
    """The same thumbnails as rows of another split."""
    return Thumbnails(tuple(10_000 + place for place in places), thumbs.whole, thumbs.inner, thumbs.pixels)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "wanted"), [("exact", 1.0), ("jpeg", 0.95), ("resize", 0.95), ("crop", 0.95)])
def test_planted_duplicates_are_found(solid: tuple[list[Image.Image], Thumbnails], kind: str, wanted: float) -> None:
    images, every = solid
    generator = np.random.default_rng(0)
    places = list(range(0, len(images), 7))
    made = [encoded(images[p]) if kind == "exact" else planted(images[p], kind, generator) for p in places]
    found = find_duplicates(moved(thumbnails_of(made), places), every)
    hits = {pair.second for pair in found if pair.first - 10_000 == pair.second}
    assert len(hits) / len(places) >= wanted
    if kind == "exact":
        assert sum(pair.exact for pair in found) >= len(places)


@pytest.mark.slow
def test_false_alarms_on_real_icons(solid: tuple[list[Image.Image], Thumbnails]) -> None:
    """Every pair counts as false, although `caret-up` and `sort-up` are one picture."""
    _, every = solid
    flagged = {row for pair in find_duplicates(every, every) for row in (pair.first, pair.second)}
    assert len(flagged) / len(every) <= 0.01

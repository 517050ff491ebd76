from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from data.made import encoded, picture
from limbeck.core.errors import DataError
from limbeck.data.images import decode_image, encode_ppm, stored_size


def test_bytes_become_their_pixels() -> None:
    image = picture(1)
    assert np.array_equal(np.asarray(decode_image(encoded(image))), np.asarray(image))


def test_a_picture_in_rgb_is_returned_as_it_is() -> None:
    image = picture(1)
    assert decode_image(image) is image


def _turned_by(kind: str) -> bytes:
    """A picture that says, in one of the places where it may, that it is to be turned by a quarter."""
    image, exif = picture(1, (80, 48)), Image.Exif()
    exif[0x0112] = 6
    said = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    if kind == "PNG with XMP":
        chunks = PngInfo()
        chunks.add_itxt("XML:com.adobe.xmp", said.decode())
        return encoded(image, "PNG", pnginfo=chunks)
    if kind == "PNG of ImageMagick":
        chunks = PngInfo()
        raw = exif.tobytes()
        chunks.add_text("Raw profile type exif", f"\nexif\n{len(raw)}\n{raw.hex()}\n")
        return encoded(image, "PNG", pnginfo=chunks)
    where = {"xmp": said} if kind.endswith("XMP") else {"exif": exif}
    return encoded(image, kind.partition(" ")[0], **where)


@pytest.mark.parametrize(
    "kind", ["JPEG", "JPEG with XMP", "PNG", "PNG with XMP", "PNG of ImageMagick", "WEBP", "WEBP with XMP", "TIFF"]
)
def test_a_picture_is_turned_as_it_says_wherever_it_says_it(kind: str) -> None:
    data = _turned_by(kind)
    with Image.open(io.BytesIO(data)) as image:
        expected = ImageOps.exif_transpose(image).convert("RGB")
    assert decode_image(data).size == expected.size == (48, 80)
    assert np.array_equal(np.asarray(decode_image(data)), np.asarray(expected))


def test_metadata_is_left_behind() -> None:
    data = encoded(picture(1), "PNG", icc_profile=b"x" * 500)
    assert decode_image(data).info == {}


@pytest.mark.parametrize("value", [None, 3, "a/path.png", [1, 2]])
def test_other_values_are_refused(value: object) -> None:
    with pytest.raises(DataError, match="encoded bytes"):
        decode_image(value)


def test_pixel_cap_counts_width_times_height() -> None:
    data = encoded(Image.new("RGB", (20, 10)))
    assert decode_image(data, max_pixels=200).size == (20, 10)
    with pytest.raises(DataError, match="20x10, more than 199"):
        decode_image(data, max_pixels=199)


def test_half_transparent_red_on_white() -> None:
    image = decode_image(encoded(Image.new("RGBA", (2, 2), (255, 0, 0, 128))))
    assert image.getpixel((0, 0)) == (255, 127, 127)


def test_cmyk_jpeg_as_photoshop_writes_it() -> None:
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    assert np.abs(np.asarray(decode_image(data)).astype(int) - (255, 0, 0)).max() <= 3


def test_float_pictures() -> None:
    values = np.array([[0.0, 0.5, 1.0]], dtype=np.float32)
    assert np.asarray(decode_image(Image.fromarray(values)))[0, :, 0].tolist() == [0, 128, 255]


def test_plain_pixels_come_back_as_they_went() -> None:
    image = picture(3, (7, 5))
    for given in (image, np.asarray(image)):
        assert encode_ppm(given).startswith(b"P6 7 5 255\n")
        assert np.array_equal(np.asarray(decode_image(encode_ppm(given))), np.asarray(image))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "picture"])
@pytest.mark.parametrize(
    ("at_least", "size"), [(None, (80, 48)), (48, (80, 48)), (25, (80, 48)), (24, (40, 24)), (12, (20, 12))]
)
def test_no_larger_than_asked_for(kind: str, at_least: int | None, size: tuple[int, int]) -> None:
    whole = picture(2, (80, 48))
    value = whole if kind == "picture" else encoded(whole, kind, **({"quality": 100} if kind == "JPEG" else {}))
    image = decode_image(value, at_least=at_least)
    assert image.size == size
    factor = 80 // size[0]
    means = np.asarray(whole).reshape(size[1], factor, size[0], factor, 3).mean(axis=(1, 3))
    # Pillow rounds means to the nearest; a JPEG comes from its own coefficients
    assert np.abs(np.asarray(image) - means).max() <= (12 if kind == "JPEG" else 0.5)


def test_a_smaller_jpeg_is_as_upright_and_as_checked() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    data = encoded(picture(1, (80, 48)), "JPEG", exif=exif.tobytes())
    assert decode_image(data, at_least=24).size == (24, 40)
    with pytest.raises(DataError, match="80x48, more than 3000"):
        decode_image(data, at_least=12, max_pixels=3000)
    with pytest.raises(DataError, match="damaged"):
        decode_image(data[: len(data) // 2], at_least=12)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_jpegs_of_other_modes_become_smaller_too(mode: str) -> None:
    image = decode_image(encoded(Image.new(mode, (64, 64)), "JPEG", quality=95), at_least=16)
    assert (image.mode, image.size) == ("RGB", (16, 16))
    assert np.ptp(np.asarray(image)) <= 3


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "picture"])
def test_the_size_as_stored_once_the_picture_is_known_to_be_whole(kind: str) -> None:
    image = picture(1, (80, 48))
    value = image if kind == "picture" else encoded(image, kind)
    assert stored_size(value) == (80, 48)
    with pytest.raises(DataError, match="80x48, more than 100"):
        stored_size(value, max_pixels=100)
    if isinstance(value, bytes):
        for cut in (0, 10, len(value) // 2):
            with pytest.raises(DataError) as looked:
                stored_size(value[:cut])
            with pytest.raises(DataError) as decoded:
                decode_image(value[:cut])
            assert str(looked.value) == str(decoded.value)


def test_a_jpeg_cut_anywhere_is_seen_as_damaged_at_every_scale() -> None:
    data = encoded(picture(5, (320, 240)), "JPEG", quality=95)
    progressive = encoded(picture(5, (320, 240)), "JPEG", quality=95, progressive=True)
    for whole in (data, progressive):
        for cut in range(len(whole) // 2, len(whole) - 2, 97):
            for look in (stored_size, decode_image, lambda value: decode_image(value, at_least=60)):
                with pytest.raises(DataError):
                    look(whole[:cut])

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from data.made import encoded, picture
from limbeck.core.errors import DataError
from limbeck.data.images import decode_image, encode_ppm


def test_bytes_become_their_pixels() -> None:
    image = picture(1)
    assert np.array_equal(np.asarray(decode_image(encoded(image))), np.asarray(image))


def test_a_picture_in_rgb_is_returned_as_it_is() -> None:
    image = picture(1)
    assert decode_image(image) is image


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

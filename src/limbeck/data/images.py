"""Encoded bytes -> an RGB picture, or a reason why not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageOps

from limbeck.core.errors import DataError

MAX_PIXELS = 64_000_000
"""Largest picture that is decoded: about 250 MB while it is held. Pillow itself decodes 400 MB without a word."""

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "ICO", "JPEG2000", "AVIF")
_PLAIN = ("PNG", "JPEG", "PPM")  # whose orientation, if any, stands in `info` under one of these names:
_TURNED = ("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp")
_SIXTEEN = ("I;16", "I;16L", "I;16B", "I;16N")


def decode_image(value: object, *, max_pixels: int = MAX_PIXELS, at_least: int | None = None) -> Image.Image:
    """The picture in RGB: first frame, upright by its EXIF orientation, transparency laid on white.

    Use when a raw `image` value (encoded bytes or a `PIL.Image`) has to become pixels. The size is checked in the
    header, before anything is decoded, and decoding is the test of validity: Pillow's `verify` passes a JPEG that
    was cut short.

    Args:
        value: encoded bytes, or a picture.
        max_pixels: width x height above which the picture is refused.
        at_least: pixels that the shorter side has to keep. A picture at least twice as large comes out at 1/2, 1/3, ...
            of its size, each pixel a mean: a JPEG is decoded at 1/2, 1/4 or 1/8, which takes less time. None: as it is.

    Raises:
        DataError: not an image, damaged, or larger than `max_pixels`.
    """
    with _opened(value, max_pixels) as image:
        ours = image is not value
        if ours and at_least is not None:
            image.draft(None, (at_least, at_least))  # of a JPEG alone; both sides keep at least as many pixels
        return shrunk(_to_rgb(image, ours=ours), at_least)


def stored_size(value: object, *, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """(width, height) as stored, after as little decoding as shows damage.

    Use when every row is looked at once.

    Raises:
        DataError: as `decode_image`.
    """
    with _opened(value, max_pixels) as image:
        size = image.size
        if image is not value:
            image.draft(None, (1, 1))
        _to_rgb(image, ours=image is not value)
    return size


@contextmanager
def _opened(value: object, max_pixels: int) -> Iterator[Image.Image]:
    """A picture whose size is allowed, not decoded yet; what goes wrong inside is the picture's fault."""
    if isinstance(value, Image.Image):
        _allow(value, max_pixels)
        yield value
        return
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise DataError(f"an image must be encoded bytes or a picture, not {type(value).__name__}")
    data = bytes(value)
    if not data:
        raise DataError("the image is empty (0 bytes)")
    try:
        with Image.open(io.BytesIO(data), formats=_known_formats()) as image:
            _allow(image, max_pixels)
            yield image
    except DataError:
        raise
    except Image.UnidentifiedImageError:
        raise DataError(f"not an image in a known format (starts with {data[:12]!r})") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(f"the image claims more than {max_pixels} pixels; shrink it first") from None
    except MemoryError:
        raise DataError("the image does not fit into memory; shrink it first") from None
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error, EOFError, ...
        raise DataError(f"the image is damaged: {_one_line(error)}") from error


def shrunk(image: Image.Image, at_least: int | None) -> Image.Image:
    """The picture at 1/2, 1/3, ... of its size, each pixel a mean, with at least `at_least` on the shorter side.

    Use when most of a large picture would be thrown away anyway. None leaves it as it is.
    """
    factor = min(image.size) // at_least if at_least else 1
    return image.reduce(factor) if factor > 1 else image


def encode_ppm(image: Image.Image | np.ndarray) -> bytes:
    """An RGB picture, or (height, width, 3) in uint8, as a header and its pixels: no other format decodes as fast."""
    pixels = np.asarray(image)
    return b"P6 %d %d 255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes()


def _known_formats() -> tuple[str, ...]:
    """Raster formats only: Pillow would also start Ghostscript for EPS."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _allow(image: Image.Image, max_pixels: int) -> None:
    """Refuse a size before anything is decoded."""
    width, height = image.size
    if width * height > max_pixels:
        raise DataError(f"the image is {width}x{height}, more than {max_pixels} pixels; shrink it first")
    if width < 1 or height < 1:
        raise DataError(f"the image is {width}x{height}: it has no pixels")


def _to_rgb(image: Image.Image, *, ours: bool) -> Image.Image:
    """RGB; a picture that is nobody else's may be changed in place, which spares two copies of a photograph."""
    image.load()
    if image.mode == "RGB" and not image.info and not isinstance(image, _lazy()):
        return image
    if not ours:
        image = ImageOps.exif_transpose(image)
    elif image.format not in _PLAIN or any(name in image.info for name in _TURNED):
        ImageOps.exif_transpose(image, in_place=True)  # asking a picture that says nothing costs as much as opening it
    if image.mode in _SIXTEEN or image.mode in ("I", "F"):
        return _from_wide(image)
    if "A" in image.getbands() or "a" in image.getbands() or image.info.get("transparency") is not None:
        # The order of operations of transformers' convert_to_rgb, so that both sides give one picture.
        clear = image.convert("RGBA")
        white = Image.new("RGBA", clear.size, (255, 255, 255, 255))
        return _bare(Image.alpha_composite(white, clear).convert("RGB"))
    return _bare(image if ours and image.mode == "RGB" else image.convert("RGB"))


def _lazy() -> type:
    from PIL.ImageFile import ImageFile

    return ImageFile


def _from_wide(image: Image.Image) -> Image.Image:
    """16 and 32 bits a pixel: rescaled to 8 bits; Pillow's own conversion clips everything above 255 to white."""
    wide = np.asarray(image).astype(np.float64)
    wide = np.nan_to_num(wide, nan=0.0, posinf=0.0, neginf=0.0)
    if image.mode in _SIXTEEN:
        wide = wide / 257.0
    elif image.mode == "I" and wide.max() > 255:
        wide = wide / (257.0 if wide.max() <= 65535 else wide.max() / 255.0)
    elif image.mode == "F" and wide.max() <= 1:
        wide = wide * 255.0
    grey = np.clip(np.floor(wide + 0.5), 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _bare(image: Image.Image) -> Image.Image:
    """Without the metadata that Pillow carries along: it is not pixels, and it costs memory in every worker."""
    image.info = {}
    return image


def _one_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]

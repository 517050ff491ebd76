"""Small tools for SVG text: escaping, ticks, scales, colours."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence

from limbeck.report.document import number

# Okabe and Ito's palette, lightened for dark grounds; the first is grey, for the teacher that others are held against.
LIGHT = ("#5a6672", "#0072b2", "#c8500a", "#007d5a", "#a8487e", "#8a6a00")
DARK = ("#a9b4bf", "#5ab6f0", "#f2925a", "#2fc79b", "#e09cc4", "#e6b93c")
DASHES = ("", "", "7 3", "2 3", "9 3 2 3", "4 2")


def safe(text: str) -> str:
    r"""Text that is inert inside an element or a quoted attribute, and legal in XML.

    >>> safe('<b a="1">\x00')
    '&lt;b a=&quot;1&quot;&gt;'
    """
    return html.escape("".join(sign for sign in text if _legal(ord(sign))))


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers (1, 2, 2.5 or 5 times a power of ten) that lie in `[low, high]`.

    >>> ticks(0.0, 10.0)
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    if _one(low, high):
        return [low]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [place * step + 0.0 for place in range(first, last + 1)]


def _one(low: float, high: float) -> bool:
    """Whether the two are one value but for rounding, between which no ticks could be told apart."""
    return not high - low > 1e-12 * max(abs(low), abs(high))


def label(value: float, marks: Sequence[float], *, signed: bool = False) -> str:
    """A tick's text with as many digits as the distance of the ticks needs."""
    step = marks[1] - marks[0] if len(marks) > 1 else abs(value) or 1.0
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    if digits < 6 and abs(round(step, digits) - step) > step * 1e-6:
        digits += 1  # steps of 2.5
    if abs(value) >= 10_000 and all(abs(mark) % 1000 == 0 for mark in marks):
        return number(value / 1000, 0, signed=signed) + "k"
    return number(value, min(digits, 6), signed=signed)


def widened(low: float, high: float, share: float = 0.05) -> tuple[float, float]:
    """The range with a margin; a single value gets a range of its own."""
    if not _one(low, high):
        return low - share * (high - low), high + share * (high - low)
    slack = abs(low) * 0.1 or 1.0
    return low - slack, high + slack


def scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Value -> position."""
    return lambda value: start + (value - low) / (high - low) * (end - start)


def shortened(text: str, width: float, size: float) -> str:
    """The text cut to about `width` px at a font size of `size` px."""
    most = max(1, int(width / (size * 0.56)))
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _legal(code: int) -> bool:
    control = code < 0x20 and code not in (0x09, 0x0A, 0x0D)
    return not (control or 0x7F <= code <= 0x9F or 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF))

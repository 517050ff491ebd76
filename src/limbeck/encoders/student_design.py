"""`StudentDesign`: a student before it has weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from limbeck.core.spec import ImageSpec


@dataclass(frozen=True)
class StudentDesign:
    """A dual encoder of `transformers` as plain values; the vocabulary is filled in when the tokenizer is known.

    Args:
        model_type: `clip`, `siglip` or `vision-text-dual-encoder`.
        vision: fields of the vision configuration.
        text: fields of the text configuration.
        width: of the shared space, unless asked otherwise.
        image: what the image tower eats.
        max_length: tokens of a text, special ones included.
    """

    model_type: str
    vision: Mapping[str, Any]
    text: Mapping[str, Any]
    width: int
    image: ImageSpec
    max_length: int

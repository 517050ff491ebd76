"""`StudentDesign`: a student before it has weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from limbeck.core.spec import ImageSpec

MLP = "mlp-image"


@dataclass(frozen=True)
class StudentDesign:
    """An encoder as plain values; the vocabulary is filled in when the tokenizer is known.

    Args:
        model_type: `clip`, `siglip` or `vision-text-dual-encoder` of `transformers`; for pictures alone any vision
            model of it (`resnet`, `vit`), or `mlp-image`.
        vision: fields of the vision configuration.
        text: fields of the text configuration; empty for pictures alone.
        width: of the shared space, unless asked otherwise; for pictures alone of the pooled vectors.
        image: what the image tower eats.
        max_length: tokens of a text, special ones included; 0 for pictures alone.
    """

    model_type: str
    vision: Mapping[str, Any]
    text: Mapping[str, Any]
    width: int
    image: ImageSpec
    max_length: int

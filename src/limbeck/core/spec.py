"""How a model wants its input: serialisable, fingerprinted, and carried by the model itself.

An encoder declares a spec; `limbeck.data.views` turns it into the `View` that prepares samples. The two sides never
import each other, and what a cache key or an exported processor needs to know about preprocessing is all here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageSpec:
    """What an image tower eats: RGB, resized, optionally centre-cropped, scaled to [0, 1], normalised.

    Args:
        height: pixels of the tensor.
        width: pixels of the tensor.
        mean: per-channel mean subtracted after scaling to [0, 1].
        std: per-channel deviation divided by.
        resample: `nearest`, `bilinear`, `bicubic` or `lanczos` (Pillow's filters).
        shortest_edge: resize so that the shorter side has this many pixels before cropping to height x width;
            None squeezes the picture to height x width.
        channels_last: memory format that the tower runs fastest in.
    """

    height: int
    width: int
    mean: tuple[float, ...] = (0.5, 0.5, 0.5)
    std: tuple[float, ...] = (0.5, 0.5, 0.5)
    resample: str = "bicubic"
    shortest_edge: int | None = None
    channels_last: bool = False

    modality = "image"


@dataclass(frozen=True)
class TextSpec:
    """What a text tower eats: `input_ids` and `attention_mask`, padded to the longest row of the batch.

    Args:
        tokenizer: the whole tokenizer as the JSON text of the `tokenizers` library; it says what the words are.
        max_length: tokens kept, special tokens included; the view counts what it truncates.
        pad_id: id that fills short rows.
        pad_to: pad every row to this length (None: to the longest row of the batch).
        lowercase: lower the case before tokenizing (CLIP and SigLIP tokenizers that do it outside their JSON).
    """

    tokenizer: str
    max_length: int
    pad_id: int = 0
    pad_to: int | None = None
    lowercase: bool = False

    modality = "text"


ViewSpec = ImageSpec | TextSpec

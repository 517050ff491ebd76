"""A small real world for cache tests: a CSV of pictures and captions, real views, and encoders that count."""

from __future__ import annotations

import io
import random
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from limbeck.core.encoder import Encoder
from limbeck.core.features import Features
from limbeck.core.sample import Batch
from limbeck.core.source import Source
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.core.view import View
from limbeck.data.assembler import Assembler
from limbeck.data.augmentation.horizontal_flip import HorizontalFlip
from limbeck.data.cache import CachedTeacher, CacheKey, CacheReport, build_cache, cache_key, open_cache
from limbeck.data.sources.csv import CsvSource
from limbeck.data.views.image import ImageView
from limbeck.data.views.text import TextView

WORDS = ["a", "red", "small", "round", "thing", "bed", "tree", "car", "house", "cat", "dog", "bird", "fish", "cup"]
FLIP = (HorizontalFlip(chance=1.0),)
SIZE = 16


def picture(seed: int) -> bytes:
    """An uncompressed picture, so that one with other pixels has as many bytes."""
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "bmp")
    return stream.getvalue()


def caption(seed: int) -> str:
    """Two to eight words."""
    rng = random.Random(seed)
    return " ".join(rng.choices(WORDS, k=rng.randint(2, 8)))


def table(folder: Path, count: int = 30) -> Path:
    """A CSV: every seventh row has no picture, every fifth no text, row 8 repeats row 3's caption and picture."""
    (folder / "pictures").mkdir(parents=True)
    lines = ["id,image,text"]
    for row in range(count):
        seed = 3 if row == 8 else row
        (folder / "pictures" / f"{row}.bmp").write_bytes(picture(seed))
        image = "" if row % 7 == 6 else f"pictures/{row}.bmp"
        lines.append(f"row{row},{image},{'' if row % 5 == 4 and image else caption(seed)}")
    path = folder / "data.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def words() -> str:
    """A whole tokenizer as JSON."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(["[PAD]", "[UNK]", *WORDS])}, "[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    return str(tokenizer.to_str())


class Pictures(Encoder):
    """A small ConvNet with batch normalisation and dropout (eval mode shows), counting the rows that it sees."""

    modality = "image"
    outputs = ("pooled", "tokens")

    def __init__(self, width: int = 24, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.tower = nn.Sequential(nn.Conv2d(3, 8, 4, 4), nn.BatchNorm2d(8), nn.GELU(), nn.Conv2d(8, width, 1))
            self.drop = nn.Dropout(0.5)
        self.width = width
        self.rows = 0

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        tokens = self.tower(view["pixel_values"]).flatten(2).transpose(1, 2)
        self.rows += len(tokens)
        pooled = self.drop(tokens).mean(1)
        return Features(pooled=pooled if "pooled" in want else None, tokens=tokens if "tokens" in want else None)


class Texts(Encoder):
    """Masked mean of word vectors after a nonlinear layer: padding must not show."""

    modality = "text"
    outputs = ("pooled", "tokens")

    def __init__(self, width: int = 12, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.words = nn.Embedding(40, width)
            self.mix = nn.Linear(width, width)
        self.width = width
        self.rows = 0

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        mask = view["attention_mask"].bool()
        self.rows += len(mask)
        tokens = self.mix(self.words(view["input_ids"])).tanh()
        pooled = (tokens * mask[..., None]).sum(1) / mask.sum(1, keepdim=True).clamp_min(1)
        wanted = "tokens" in want
        return Features(
            pooled=pooled if "pooled" in want else None,
            tokens=tokens if wanted else None,
            mask=mask if wanted else None,
        )


def views(pad_to: int | None = None) -> dict[str, View]:
    """Modality -> view."""
    return {
        "image": ImageView(ImageSpec(height=SIZE, width=SIZE)),
        "text": TextView(TextSpec(tokenizer=words(), max_length=8, pad_to=pad_to)),
    }


def build(teacher: Encoder, source: Source, folder: Path, **changes: Any) -> CacheReport:
    """`build_cache` over every row, with the usual arguments unless changed."""
    given: dict[str, Any] = {
        "source": source,
        "indices": range(len(source)),
        "view": views()[teacher.modality],
        "name": f"teacher.{teacher.modality}",
        "folder": folder,
        "teacher_fingerprint": "weights-1",
        "batch_size": 4,
    }
    return build_cache(teacher, **given | changes)


def key(teacher: Encoder, **changes: Any) -> CacheKey:
    """`cache_key` with the usual arguments unless changed."""
    given = {"view": views()[teacher.modality], "teacher_fingerprint": "weights-1"}
    return cache_key(teacher, **given | changes)


def opened(teacher: Encoder, source: Source, folder: Path, **changes: Any) -> CachedTeacher:
    """`open_cache` under the key that `build` with the same arguments has."""
    keyed = {"view", "teacher_fingerprint", "augmentations", "dtype", "precision", "wants"}
    expect = key(teacher, **{name: value for name, value in changes.items() if name in keyed})
    rest = {name: value for name, value in changes.items() if name not in keyed}
    return open_cache(folder, expect=expect, source=source, name=f"teacher.{teacher.modality}", **rest)


def batch(source: Source, rows: Sequence[int], draws: Sequence[int] | None = None, **views: View) -> Batch:
    """Rows as the loader makes them; `teacher_image=view` is what a live teacher eats."""
    named = {name.replace("_", "."): view for name, view in views.items()}
    return Assembler(source, views=named, augmentations=FLIP).batch(rows, draws or [0] * len(rows))


def source_of(folder: Path, count: int = 30) -> CsvSource:
    """The source over `table`."""
    return CsvSource(str(table(folder, count)))

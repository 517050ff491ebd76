"""Real data that all contestants share: Font Awesome icons as a CSV of pictures and captions."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from limbeck.core.encoder import Encoder, Teacher
from limbeck.core.features import Features
from limbeck.core.source import Source
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.data.cache.build import build_cache
from limbeck.data.cache.key import cache_key
from limbeck.data.cache.open import open_cache
from limbeck.encoders.fingerprint import fingerprint
from limbeck.encoders.wanted import check_want, wanted
from limbeck.pipeline.views import view_of


def write_icons(folder: Path, *, rows: int) -> Path:
    """`icons.csv` with 160 px PNGs, and MiniLM's tokenizer beside it (a peer's interpreter has no demo extra)."""
    from limbeck.data.sources.icons import IconsSource
    from limbeck.encoders.words import minilm_tokenizer

    table = folder / "icons.csv"
    if table.exists():
        return table
    source = IconsSource(texts=0)
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    found = []
    for number, row in enumerate(source.rows):
        if row.modalities != {"image", "text"} or len(found) == rows:
            continue
        values = source.sample(number).values
        image = f"pictures/{len(found):05}.png"
        (folder / image).write_bytes(bytes(values["image"]))  # type: ignore[call-overload]
        found.append({"id": f"{len(found):05}", "image": image, "text": values["text"]})
    (folder / "tokenizer.json").write_text(minilm_tokenizer(), encoding="utf-8")
    with open(table, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, ("id", "image", "text"))
        writer.writeheader()
        writer.writerows(found)
    return table


class RandomTextEncoder(Encoder):
    """A frozen text teacher that costs next to nothing: what it says does not matter for reading a cache."""

    modality = "text"

    def __init__(self, spec: TextSpec, *, width: int) -> None:
        super().__init__()
        self.spec, self.width = spec, width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.vocabulary = 1 + max(json.loads(spec.tokenizer)["model"]["vocab"].values())
            self.table = nn.Embedding(self.vocabulary, 32)
            self.head = nn.Linear(32, width)

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        """Mean of random word vectors, projected."""
        check_want(want, self.outputs, encoder="text encoder")
        keep = view["attention_mask"][..., None].float()
        mean = (self.table(view["input_ids"]) * keep).sum(1) / keep.sum(1).clamp_min(1)
        return wanted(want, {"pooled": lambda: self.head(mean)})


class RandomImageEncoder(Encoder):
    """The same for pictures."""

    modality = "image"

    def __init__(self, spec: ImageSpec, *, width: int) -> None:
        super().__init__()
        self.spec, self.width = spec, width
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.head = nn.Linear(192, width)

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        """Random projection of an 8 x 8 thumbnail."""
        check_want(want, self.outputs, encoder="image encoder")
        small = nn.functional.adaptive_avg_pool2d(view["pixel_values"], 8).flatten(1)
        return wanted(want, {"pooled": lambda: self.head(small)})


def cached(encoder: Encoder, source: Source, folder: Path, **options: Any) -> Teacher:
    """A cached teacher of every row: built on the first call, opened as a run opens it."""
    name, identity, view = f"teacher.{encoder.modality}", fingerprint(encoder), view_of(encoder)
    key = cache_key(encoder, view=view, teacher_fingerprint=identity)
    place = folder / f"{encoder.modality}-{key.fingerprint()[:16]}"
    rows = range(len(source))
    build_cache(
        encoder.eval().requires_grad_(False),
        source=source, indices=rows, view=view, name=name, folder=place, teacher_fingerprint=identity,
    )  # fmt: skip
    return open_cache(place, expect=key, source=source, name=name, indices=rows, **options)

"""How fast cached teacher features are read: batches of random rows through `CachedTeacher`."""

from __future__ import annotations

import csv
from typing import Any

import torch

from benchmarks.measure import Settings, seconds, spread, target
from benchmarks.world import RandomTextEncoder, cached
from limbeck.core.sample import Batch
from limbeck.core.spec import TextSpec
from limbeck.data.open import open_source
from limbeck.encoders.words import minilm_tokenizer

ROWS, WIDTH, BATCH = 20_000, 512, 256


def measure(settings: Settings) -> dict[str, Any]:
    """Embeddings a second, from memory and from the mapped file; and seconds to open and verify."""
    rows = 600 if settings.tiny else ROWS
    table = settings.work / "texts.csv"
    with open(table, "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("id", "text"))
        writer.writerows((str(number), f"number {number}") for number in range(rows))
    source = open_source(table)
    encoder = RandomTextEncoder(TextSpec(minilm_tokenizer(), max_length=16), width=WIDTH)
    cached(encoder, source, settings.work / "texts")
    generator = torch.Generator().manual_seed(0)
    count = 4 if settings.tiny else 200
    batches = [
        Batch({}, {"text": torch.ones(BATCH, dtype=torch.bool)}, index, torch.zeros(BATCH, dtype=torch.long))
        for index in torch.randint(rows, (count, BATCH), generator=generator)
    ]
    found: dict[str, Any] = {"unit": "embeddings/s", "rows": rows, "width": WIDTH, "batch": BATCH}
    for name, options in {"in memory": {}, "mapped from the file": {"memory": 0}}.items():
        teacher = cached(encoder, source, settings.work / "texts", **options)

        def read(teacher: Any = teacher) -> None:
            for batch in batches:
                teacher(batch)

        found[name] = spread([count * BATCH / each for each in seconds(read, repeats=settings.repeats)])
    found["open and verify, seconds"] = spread(
        seconds(lambda: cached(encoder, source, settings.work / "texts"), repeats=3, warm=0)
    )
    found["targets"] = [
        target(f"cache read, {name} (embeddings/s)", found[name]["median"], at_least=50_000)
        for name in ("in memory", "mapped from the file")
    ]
    return found

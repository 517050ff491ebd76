"""`TrainLoader` beside the same workers that decode and resize and do nothing else.

Photographs of realistic size (500 x 375 JPEG, 256 px PNG), crops of two real ones. `decode` is read, decode, convert to
RGB; `decode and resize` adds Pillow's bicubic resize to the student's 64 px, which every loader for that student needs.
"""

from __future__ import annotations

import csv
import io
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from benchmarks.measure import Settings, spread, target
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.data.loader import TrainLoader
from limbeck.data.open import open_source
from limbeck.data.sampler import MixedSampler
from limbeck.data.views.image import ImageView
from limbeck.data.views.text import TextView
from limbeck.encoders.words import minilm_tokenizer

BATCH = 64
SIDE = 64
# what the loader is held against -> how a target says it
ALONE = {"decode and resize": "decoding and resizing", "decode": "decoding"}


def measure(settings: Settings) -> dict[str, Any]:
    """Pictures a second by format and number of workers."""
    count, steps = (16, 2) if settings.tiny else (512, 8)
    batch = 8 if settings.tiny else BATCH
    formats: dict[str, Any] = {}
    targets = []
    for suffix in ("jpeg", "png"):
        table = write_photographs(settings.work / suffix, suffix, count)
        for workers in (0, 2):
            name = f"{suffix}, {workers} workers"
            taken = _compete(table, workers, steps, batch, min(settings.repeats, 3 if settings.tiny else 5))
            formats[name] = {kind: spread([batch * steps / each for each in own]) for kind, own in taken.items()}
            for against, alone in ALONE.items():
                pairs = zip(taken[against], taken["TrainLoader"], strict=True)
                formats[name][f"share of {against}"] = spread([fast / own for fast, own in pairs])
                share = formats[name][f"share of {against}"]["median"]
                targets.append(target(f"loader, {name}: share of {alone} alone", share, at_least=0.9))
    return {"unit": "pictures/s", "batch": batch, "formats": formats, "targets": targets}


def _compete(table: Path, workers: int, steps: int, batch: int, repeats: int) -> dict[str, list[float]]:
    source = open_source(table)
    sampler = MixedSampler({"image+text": range(len(source))}, batch={"image+text": batch})
    words = TextView(TextSpec(minilm_tokenizer(), max_length=32))
    views = {"student.image": ImageView(ImageSpec(SIDE, SIDE)), "student.text": words}
    paths = [table.parent / f"{number:05}.{table.parent.name}" for number in range(len(source))]
    loader = TrainLoader(source, sampler=sampler, views=views, workers=workers)
    contestants: dict[str, Callable[[], Iterator[object]]] = {
        "TrainLoader": lambda: loader.steps(0, steps),
        "decode and resize": lambda: _bare(paths, sampler, steps, workers, resize=True),
        "decode": lambda: _bare(paths, sampler, steps, workers, resize=False),
    }
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(1 + repeats):
        for name, contestant in contestants.items():
            start = time.perf_counter()
            for _ in contestant():
                pass
            if number:
                taken[name].append(time.perf_counter() - start)
    return taken


def _bare(paths: list[Path], sampler: MixedSampler, steps: int, workers: int, *, resize: bool) -> Iterator[object]:
    """The same files in the same order through torch's own loader, which only decodes."""
    data = _Pictures(paths, sampler, resize=resize)
    return iter(torch.utils.data.DataLoader(data, sampler=range(steps), batch_size=None, num_workers=workers))  # type: ignore[arg-type]


class _Pictures(torch.utils.data.Dataset[int]):
    def __init__(self, paths: list[Path], sampler: MixedSampler, *, resize: bool) -> None:
        self.paths, self.sampler, self.resize = paths, sampler, resize

    def __getitem__(self, step: int) -> int:
        done = 0
        for index in self.sampler.at(step)[0]:
            picture = Image.open(io.BytesIO(self.paths[index].read_bytes())).convert("RGB")
            if self.resize:
                picture = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            done += picture.width > 0
        return done


def write_photographs(folder: Path, suffix: str, count: int) -> Path:
    """Files and a CSV: random crops of the two photographs that scikit-learn carries."""
    from sklearn.datasets import load_sample_images

    photographs = [Image.fromarray(image) for image in load_sample_images().images]
    folder.mkdir(parents=True)
    chance = random.Random(0)
    width, height = (500, 375) if suffix == "jpeg" else (256, 256)
    with open(folder / "data.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("id", "image", "text"))
        for number in range(count):
            photograph = photographs[number % len(photographs)]
            left, top = chance.randint(0, photograph.width - width), chance.randint(0, photograph.height - height)
            name = f"{number:05}.{suffix}"
            photograph.crop((left, top, left + width, top + height)).save(folder / name, quality=90)
            writer.writerow((number, name, f"a photograph with the number {number}"))
    return folder / "data.csv"

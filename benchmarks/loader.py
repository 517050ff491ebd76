"""`TrainLoader` beside the same workers that decode and resize and do nothing else.

Photographs of realistic size (500 x 375 JPEG, 256 px PNG), crops of two real ones. `decode` is read, decode, convert to
RGB; `decode and resize` adds Pillow's bicubic resize to the student's 64 px, which every loader for that student needs.

Three things are measured: the first epoch, in which nothing is prepared yet; whole training runs of several epochs, in
which the loader keeps what it prepared, as `pipeline.train` lets it, and `decode` decodes anew every epoch, as a loop
without a store has to; and where the time of the first epoch goes.
"""

from __future__ import annotations

import csv
import inspect
import io
import random
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from benchmarks.measure import Settings, spread, target
from limbeck.core.sample import Sample
from limbeck.core.source import Source
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.core.view import View
from limbeck.data.augmentation.augment import Drawn
from limbeck.data.augmentation.random_affine import RandomAffine
from limbeck.data.images import decode_image
from limbeck.data.loader import TrainLoader
from limbeck.data.open import open_source
from limbeck.data.prepared import PreparedStore
from limbeck.data.sampler import MixedSampler
from limbeck.data.scan import scan
from limbeck.data.views.image import ImageView
from limbeck.data.views.text import TextView
from limbeck.encoders.words import minilm_tokenizer
from limbeck.verbs.distill import distill

BATCH = 64
SIDE = 64
# Lengths of the runs; `limbeck distill` takes the last, and as many draws of each row, unless told otherwise.
# The loop that decodes is as fast in every epoch, so that the first few are enough of it.
EPOCHS = (5, 20, 30)
DRAWS = int(inspect.signature(distill).parameters["draws"].default)
KINDS = {"not augmented": 0, f"{DRAWS} draws": DRAWS}
# what the loader is held against -> how a target says it
ALONE = {"decode and resize": "decoding and resizing", "decode": "decoding"}


def measure(settings: Settings) -> dict[str, Any]:
    """Pictures a second by format and number of workers."""
    count, steps = (16, 2) if settings.tiny else (512, 8)
    batch = 8 if settings.tiny else BATCH
    rounds = min(settings.repeats, 3)
    formats: dict[str, Any] = {}
    runs: dict[str, Any] = {}
    profile: dict[str, Any] = {}
    targets = []
    for suffix in ("jpeg", "png"):
        table = write_photographs(settings.work / suffix, suffix, count)
        profile[suffix] = _profile(table, steps, batch, rounds)
        for workers in (0, 1, 2):
            name = f"{suffix}, {workers} workers"
            taken = _compete(table, workers, steps, batch, rounds if settings.tiny else 2 * settings.repeats)
            formats[name] = {kind: spread([batch * steps / each for each in own]) for kind, own in taken.items()}
            pairs = zip(taken["decode"], taken["with torch's resize"], strict=True)
            formats[name]["share of decode, with torch's resize"] = spread([fast / own for fast, own in pairs])
            for against, alone in ALONE.items():
                pairs = zip(taken[against], taken["TrainLoader"], strict=True)
                formats[name][f"share of {against}"] = spread([fast / own for fast, own in pairs])
                share = formats[name][f"share of {against}"]["median"]
                targets.append(target(f"loader, {name}, first epoch: share of {alone} alone", share, at_least=0.9))
            runs[name] = _over_epochs(table, workers, steps, batch, rounds)
            for kind in KINDS:
                for epochs in EPOCHS:
                    share = runs[name][f"share, {kind}, {epochs} epochs"]["median"]
                    what = f"loader, {name}, {kind}, over {epochs} epochs: share of decoding alone"
                    targets.append(target(what, share, at_least=0.9))
    found = {"unit": "pictures/s", "batch": batch, "formats": formats, "runs": runs, "profile": profile}
    return {**found, "epochs": list(EPOCHS), "kinds": list(KINDS), "targets": targets}


def _read(table: Path) -> Source:
    """The rows, all read once, as in every run before it trains: workers then know the formats of pictures already."""
    source = open_source(table)
    scan(source)
    return source


def _views() -> dict[str, View]:
    return {
        "student.image": ImageView(ImageSpec(SIDE, SIDE)),
        "student.text": TextView(TextSpec(minilm_tokenizer(), max_length=32)),
    }


def _paths(table: Path, count: int) -> list[Path]:
    return [table.parent / f"{number:05}.{table.parent.name}" for number in range(count)]


def _compete(table: Path, workers: int, steps: int, batch: int, repeats: int) -> dict[str, list[float]]:
    source = _read(table)
    sampler = MixedSampler({"image+text": range(len(source))}, batch={"image+text": batch})
    paths = _paths(table, len(source))
    loader = TrainLoader(source, sampler=sampler, views=_views(), workers=workers)
    other = TrainLoader(source, sampler=sampler, views=_views() | {"student.image": _ByTorch()}, workers=workers)
    contestants: dict[str, Callable[[], Iterator[object]]] = {
        "TrainLoader": lambda: loader.steps(0, steps),
        "with torch's resize": lambda: other.steps(0, steps),
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


def _over_epochs(table: Path, workers: int, steps: int, batch: int, rounds: int) -> dict[str, Any]:
    """Pictures a second of whole runs, each of which starts with an empty store."""
    source = _read(table)
    paths, views = _paths(table, len(source)), _views()
    rows = {"image+text": range(len(source))}
    rates: dict[str, list[float]] = {}
    for _ in range(rounds):
        plain = MixedSampler(rows, batch={"image+text": batch})
        decoded = _rate(_bare(paths, plain, steps * EPOCHS[0], workers, resize=False), batch)
        rates.setdefault("decode", []).append(decoded)
        for kind, draws in KINDS.items():
            for epochs in EPOCHS:
                loader = TrainLoader(
                    source,
                    sampler=MixedSampler(rows, batch={"image+text": batch}, draws=draws),
                    views=views,
                    augmentations=(RandomAffine(),) if draws else (),
                    workers=workers,
                    store=PreparedStore(),
                )
                rate = _rate(loader.steps(0, steps * epochs), batch)
                rates.setdefault(f"{kind}, {epochs} epochs", []).append(rate)
                rates.setdefault(f"share, {kind}, {epochs} epochs", []).append(rate / decoded)
    return {name: spread(values) for name, values in rates.items()}


def _rate(batches: Iterator[object], batch: int) -> float:
    """Rows a second from the first to the last batch."""
    start = time.perf_counter()
    number = sum(1 for _ in batches)
    return number * batch / (time.perf_counter() - start)


def _profile(table: Path, steps: int, batch: int, rounds: int) -> dict[str, Any]:
    """Milliseconds a picture of each part of the first epoch, in one process; of a resize that is not bit-equal; and of
    a stored draw, as the loader takes it and of the whole picture.
    """
    source, views, store = open_source(table), _views(), PreparedStore()
    sampler = MixedSampler({"image+text": range(len(source))}, batch={"image+text": batch})
    plain = TrainLoader(source, sampler=sampler, views=views)
    kept = TrainLoader(source, sampler=sampler, views=views, store=store)
    samples = [source.sample(index) for step in range(steps) for index in sampler.at(step)[0]]
    pictures = [decode_image(sample.values["image"]) for sample in samples]
    small = [picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC) for picture in pictures]
    torchs = [_by_torch(picture) for picture in pictures]
    every, image, whole = range(len(samples)), views["student.image"], _views()["student.image"]
    whole.side = None  # so that all of the picture is decoded and turned
    list(kept.steps(0, steps))
    parts: dict[str, Callable[[], object]] = {
        "read": lambda: [source.sample(index) for index in every],
        "decode": lambda: [decode_image(sample.values["image"]) for sample in samples],
        "resize (Pillow)": lambda: [each.resize((SIDE, SIDE), Image.Resampling.BICUBIC) for each in pictures],
        "pixels to a tensor": lambda: [_tensor(each) for each in small],
        "tokenise": lambda: [views["student.text"].prepare(sample.values["text"]) for sample in samples],
        "normalise, stack, look up": lambda: list(kept.steps(0, steps)),
        "the whole of it": lambda: list(plain.steps(0, steps)),
        "torch's resize instead of Pillow's": lambda: [_by_torch(each) for each in pictures],
        "a stored draw": lambda: [_drawn(sample, image) for sample in samples],
        f"a stored draw, the {DRAWS} of a row together": lambda: [_together(sample, image) for sample in samples],
        "a stored draw of the whole picture": lambda: [_drawn(sample, whole) for sample in samples],
    }
    taken: dict[str, list[float]] = {name: [] for name in parts}
    for _ in range(rounds):
        for name, part in parts.items():
            start = time.perf_counter()
            part()
            each = len(samples) * (DRAWS if "together" in name else 1)
            taken[name].append(1000 * (time.perf_counter() - start) / each)
    other, ours = torch.stack(torchs).int(), torch.stack([_tensor(each) for each in small]).int()
    differ = {"differ": float((other != ours).float().mean()), "by at most": int((other - ours).abs().max())}
    moved = [(_drawn(sample, image) - _drawn(sample, whole)).abs().mean() for sample in samples]
    differ["draws differ by"] = float(torch.stack(moved).mean())
    return {"milliseconds": {name: spread(values) for name, values in taken.items()}, **differ}


def _drawn(sample: Sample, view: View) -> torch.Tensor:
    """Pixels of draw 1."""
    return view.prepare(Drawn(sample, view=view, augmentations=(RandomAffine(),))(1))["pixels"].float()


def _together(sample: Sample, view: View) -> list[object]:
    """Pixels of all draws, as the loader takes them when a row is first met."""
    drawn = Drawn(sample, view=view, augmentations=(RandomAffine(),))
    return [view.prepare(drawn(draw)) for draw in range(1, 1 + DRAWS)]


def _tensor(picture: Image.Image) -> torch.Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous()


class _ByTorch(ImageView):
    """The student's view, but for the resize: not what is served."""

    def __init__(self) -> None:
        super().__init__(ImageSpec(SIDE, SIDE))

    def prepare(self, value: object) -> Mapping[str, torch.Tensor]:
        return {"pixels": _by_torch(decode_image(value))}


def _by_torch(picture: Image.Image) -> torch.Tensor:
    """Bicubic with a filter as wide as Pillow's, in integers of fewer bits: fast, and not the same."""
    pixels = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None]
    return torch.nn.functional.interpolate(pixels, size=(SIDE, SIDE), mode="bicubic", antialias=True)[0]


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

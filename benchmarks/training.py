"""Pairs a second of the `vit-192` student in `limbeck.stages.fit`, beside open_clip's own loop on the same towers.

Every loop is the product's real one in a process of its own; rounds are interleaved. Limbeck reads icons through
its `TrainLoader` (prepared store filled, as after the first epoch); open_clip is handed ready tensors and so loads
for free.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.contest import Contestant, Meter, rounds
from benchmarks.measure import Settings, spread, target
from benchmarks.world import RandomImageEncoder, RandomTextEncoder, cached, write_icons

BATCH, STEPS = 128, 2000
READY = 8
OURS, PEER = "benchmarks.training:limbeck", "benchmarks.open_clip_loop:open_clip"


def limbeck(options: Mapping[str, Any], meter: Meter) -> None:
    """Contestant: `fit` on the icons."""
    from limbeck.stages.loop import fit

    spec, producers, loader = stage(options)

    class Metered:
        def steps(self, start: int, stop: int) -> Iterator[Any]:
            yield from meter.over(loader.steps(start, stop))

    fit(spec, producers, Metered(), folder=Path(tempfile.mkdtemp(dir=options["work"])), progress=False)


def stage(options: Mapping[str, Any]) -> tuple[Any, dict[str, Any], Any]:
    """Spec, producers and loader of one of our contestants."""
    from limbeck.core.recipe import Budget, Optimisation, StageSpec
    from limbeck.data.loader import TrainLoader
    from limbeck.data.open import open_source
    from limbeck.data.prepared import PreparedStore
    from limbeck.data.sampler import MixedSampler
    from limbeck.encoders.student import make_student
    from limbeck.pipeline.views import view_of
    from limbeck.recipes.bases import affinity_mimicking, no_teacher

    work = Path(options["work"])
    source = open_source(work / "icons.csv")
    student = make_student(options["student"], tokenizer=(work / "tokenizer.json").read_text(encoding="utf-8"))
    producers: dict[str, Any] = {f"student.{m}": encoder for m, encoder in student.encoders.items()}
    producers["student.scale"] = student.scale
    views = {name: view_of(encoder) for name, encoder in producers.items() if name != "student.scale"}
    words = student.encoders["text"].spec
    if options["padded"]:
        views["student.text"] = _padded(replace(words, pad_to=words.max_length))
    if options["teacher"]:
        for kind in (RandomImageEncoder, RandomTextEncoder):
            teacher = kind(student.encoders[kind.modality].spec, width=512)
            producers[f"teacher.{kind.modality}"] = cached(teacher, source, work / "teachers")
    store, batch = PreparedStore(), {"image+text": options["batch"]}
    loader = TrainLoader(
        source, sampler=MixedSampler({"image+text": range(len(source))}, batch=batch), views=views, store=store
    )
    while len(store) < len(views) * len(source) - sum(batch.values()):  # one epoch leaves less than a batch out
        loader.batch_at(len(store) // (len(views) * options["batch"]))
    spec = StageSpec(
        "student",
        (affinity_mimicking() if options["teacher"] else no_teacher()).terms,
        ("student.image", "student.text", "student.scale"),
        Budget(STEPS, batch=batch),
        Optimisation(precision=options["precision"], clip=options["clip"]),
    )
    return spec, producers, loader


def _padded(spec: Any) -> Any:
    """Every row as long as the longest that may be, and the encoder is told that all of it is text."""
    import torch

    from limbeck.data.views.text import TextView

    class Padded(TextView):
        def collate(self, rows: Any) -> dict[str, Any]:
            found = super().collate(rows)
            return {**found, "attention_mask": torch.ones_like(found["attention_mask"])}

    return Padded(spec)


def ours(settings: Settings, **changed: Any) -> dict[str, Any]:
    """Options of our contestant."""
    batch = 8 if settings.tiny else BATCH
    plain = {"student": "vit-192", "batch": batch, "teacher": False, "precision": "bf16", "padded": False, "clip": 1.0}
    return {**plain, "work": str(settings.work), **changed}


def measure(settings: Settings) -> dict[str, Any]:
    """Rates, ratios and targets."""
    write_icons(settings.work, rows=48 if settings.tiny else 1024)
    contestants = {
        "limbeck bf16": (OURS, ours(settings)),
        "limbeck bf16, padded to 32": (OURS, ours(settings, padded=True)),
        "limbeck fp32": (OURS, ours(settings, precision="fp32")),
        "limbeck bf16, cached teacher": (OURS, ours(settings, teacher=True)),
    }
    facts = _write_ready(settings)
    if settings.peer is not None:
        peer = {"work": str(settings.work), "tiny": settings.tiny, "live": False}
        for precision in ("fp32", "amp_bf16"):
            contestants[f"open_clip {precision}"] = (PEER, peer | {"precision": precision})
            contestants[f"open_clip {precision}, live teacher"] = (PEER, peer | {"precision": precision, "live": True})
        contestants["limbeck bf16, open_clip's torch"] = (OURS, ours(settings))
    taken, about = _run(settings, contestants)
    batch = ours(settings)["batch"]
    return {
        "unit": "pairs/s",
        "batch": batch,
        **facts,
        "contestants": {
            name: {**spread([batch / each for each in values]), "interpreter": about[name]}
            for name, values in taken.items()
        },
        **_compared(taken),
    }


def _run(
    settings: Settings, contestants: Mapping[str, tuple[str, dict[str, Any]]]
) -> tuple[dict[str, list[float]], dict[str, Any]]:
    running: dict[str, Contestant] = {}
    try:
        for number, (name, (call, options)) in enumerate(contestants.items()):
            theirs = call == PEER or "open_clip" in name
            python = settings.peer if theirs and settings.peer is not None else Path(sys.executable)
            log = settings.work / f"contestant-{number}.log"
            running[name] = Contestant(name, call, options, python=python, threads=settings.threads, log=log)
        for contestant in running.values():
            contestant.greet()
        least = 1 if settings.tiny else 2
        steps = {n: 1 if "live" in n else least if "fp32" in n or "open_clip " in n else 2 * least for n in running}
        taken = rounds(running, steps, repeats=settings.repeats)
        return taken, {name: contestant.about for name, contestant in running.items()}
    finally:
        for contestant in running.values():
            contestant.close()


def _compared(taken: Mapping[str, list[float]]) -> dict[str, Any]:
    """Ratios taken round by round, so that a slow minute of the machine hits both sides."""
    plain, taught = "limbeck bf16", "limbeck bf16, cached teacher"
    pairs = {
        "cached teacher against no teacher": (taught, plain),
        "trimmed text against padded to 32": (plain, "limbeck bf16, padded to 32"),
        "bf16 against fp32": (plain, "limbeck fp32"),
        "no teacher, against open_clip fp32": (plain, "open_clip fp32"),
        "no teacher, against open_clip amp_bf16": (plain, "open_clip amp_bf16"),
        "no teacher, fp32 against open_clip fp32": ("limbeck fp32", "open_clip fp32"),
        "no teacher, padded, against open_clip amp_bf16": ("limbeck bf16, padded to 32", "open_clip amp_bf16"),
        "no teacher on open_clip's torch, against open_clip fp32": (
            "limbeck bf16, open_clip's torch",
            "open_clip fp32",
        ),
        "cached teacher, against open_clip fp32 with a live one": (taught, "open_clip fp32, live teacher"),
        "cached teacher, against open_clip amp_bf16 with a live one": (taught, "open_clip amp_bf16, live teacher"),
    }
    ratios = {
        title: spread([slow / fast for fast, slow in zip(taken[first], taken[second], strict=True)])
        for title, (first, second) in pairs.items()
        if first in taken and second in taken
    }
    wanted = {
        "cached teacher against no teacher": 0.95,
        "no teacher, against open_clip fp32": 2.0,
        "cached teacher, against open_clip fp32 with a live one": 6.0,
    }
    targets = [
        target(f"{title} (times as fast)", ratios[title]["median"], at_least=least)
        for title, least in wanted.items()
        if title in ratios
    ]
    return {"ratios": ratios, "targets": targets}


def _write_ready(settings: Settings) -> dict[str, Any]:
    """The peer's batches: the same rows through the same views, padded to 32 as its tokenizer pads."""
    from safetensors.torch import save_file

    _, _, padded = stage(ours(settings, padded=True))
    _, _, trimmed = stage(ours(settings))
    ready, lengths = {}, []
    for number in range(2 if settings.tiny else READY):
        batch = padded.batch_at(number)
        ready[f"images.{number}"] = batch.views["student.image"]["pixel_values"]
        ready[f"texts.{number}"] = batch.views["student.text"]["input_ids"]
        lengths.append(int(trimmed.batch_at(number).views["student.text"]["input_ids"].shape[1]))
    save_file(ready, settings.work / "ready.safetensors")
    return {"tokens_trimmed": lengths}

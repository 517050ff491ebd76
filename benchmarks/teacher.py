"""One step of the demo with its teacher live and with its teacher cached: EfficientNet-Lite0 at 160 px and MiniLM.

The demo's student and the stage in which it learns pictures, on rows that are pairs; each model's pictures are prepared
beforehand, so that the live teacher pays for its forward pass and nothing else. Training to align the projectors costs
both sides the same and is left out: projectors have their first random weights.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import torch

from benchmarks.measure import Settings, spread, target
from benchmarks.world import cached, write_icons
from limbeck.core.recipe import Budget
from limbeck.core.teacher import LiveTeacher, ProjectedTeacher
from limbeck.data.loader import TrainLoader
from limbeck.data.open import open_source
from limbeck.data.prepared import PreparedStore
from limbeck.data.sampler import MixedSampler
from limbeck.encoders.fingerprint import fingerprint
from limbeck.encoders.load import load_teacher
from limbeck.encoders.student import make_student
from limbeck.layers.projector.mlp import MLPProjector
from limbeck.pipeline.views import view_of
from limbeck.recipes.projects.icons import icons
from limbeck.stages.accumulation import backward
from limbeck.stages.optimizer import make_optimizer
from limbeck.stages.stage import Stage

WIDTH = 256


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds a step and a teacher's answer, live and cached."""
    recipe = icons()
    pictures = recipe.stages[-1]
    rows, size = (24, 8) if settings.tiny else (512, sum(pictures.budget.batch.values()))
    source = open_source(write_icons(settings.work / f"demo-{rows}", rows=rows))
    student, models = make_student(recipe.student, width=WIDTH), load_teacher("icons")
    ours = {f"student.{m}": encoder for m, encoder in student.encoders.items()}
    live, stored = {}, {}
    for modality, encoder in models.encoders.items():
        name = f"teacher.{modality}"
        projector = MLPProjector(encoder.width, hidden=768, width=WIDTH)
        running = LiveTeacher(encoder, name=name, identity=fingerprint(encoder))
        live[name] = ProjectedTeacher(running, projector=projector, width=WIDTH)
        kept = cached(encoder, source, settings.work / "demo-teachers")
        stored[name] = ProjectedTeacher(kept, projector=projector, width=WIDTH)
    views = {name: view_of(encoder) for name, encoder in ours.items()}
    views |= {f"teacher.{modality}": view_of(encoder) for modality, encoder in models.encoders.items()}
    spec = replace(pictures, budget=Budget(1, batch={"image+text": size}))
    sampler = MixedSampler({"image+text": range(rows)}, batch={"image+text": size})
    loader = TrainLoader(source, sampler=sampler, views=views, store=PreparedStore())
    batches = [loader.batch_at(step) for step in range(2)]
    sides = {
        kind: _Side(Stage(spec, producers={**ours, "student.scale": student.scale, **teachers}))
        for kind, teachers in {"live": live, "cached": stored}.items()
    }
    steps: dict[str, list[float]] = {kind: [] for kind in sides}
    answers: dict[str, list[float]] = {kind: [] for kind in sides}
    for number in range(1 + min(settings.repeats, 5)):
        for kind, side in sides.items():
            step, answer = side.step(batches[number % 2])
            if number:
                steps[kind].append(step)
                answers[kind].append(answer)
    ratio = spread([slow / fast for slow, fast in zip(steps["live"], steps["cached"], strict=True)])
    alone = spread([slow / fast for slow, fast in zip(answers["live"], answers["cached"], strict=True)])
    return {
        "unit": "s",
        "student": recipe.student,
        "pairs a batch": size,
        "step": {kind: spread(values) for kind, values in steps.items()},
        "teacher alone": {kind: spread(values) for kind, values in answers.items()},
        "step, times as fast": ratio,
        "teacher alone, times as fast": alone,
        "targets": [target("demo step, cached against live teacher (times as fast)", ratio["median"], at_least=8)],
    }


class _Side:
    """A stage with its optimizer."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage.train()
        self.optimizer = make_optimizer(stage, stage.spec.optimisation)

    def step(self, batch: Any) -> tuple[float, float]:
        """Seconds of one optimizer step, and of the teachers' answers alone."""
        start = time.perf_counter()
        backward(self.stage, batch, bf16=True)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        taken = time.perf_counter() - start
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16):
            for name in ("teacher.image", "teacher.text"):
                self.stage.produce(name, batch, None)
        return taken, time.perf_counter() - start

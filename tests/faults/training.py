"""Targets that fault tests run in real processes: one tiny training, and one checkpoint save."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from faults import tools
from limbeck.core.sample import Batch
from limbeck.core.view import View
from limbeck.data.loader import TrainLoader
from limbeck.data.record import Record, Table
from limbeck.data.sampler import MixedSampler
from limbeck.data.table import TableSource
from limbeck.stages import checkpoint
from limbeck.stages.loop import fit
from limbeck.stages.optimizer import make_optimizer
from limbeck.stages.result import FitResult
from limbeck.stages.stage import Stage
from stages import worlds

EVERY = 5
STEPS = 60


def train(
    folder: Path, delay: float = 0.0, workers: int = 0, micro_batch: int | None = None, steps: int = STEPS,
    identity: dict[str, Any] | None = None, resume: bool = True,
) -> FitResult:  # fmt: skip
    """A stage with everything that has state: dropout, an average, validation with patience, checkpoints."""
    torch.set_num_threads(1)
    parts = worlds.producers(dropout=0.2)
    spec = worlds.spec(
        steps, ema=0.95, micro_batch=micro_batch, evaluate_every=6, patience=50, save_every=EVERY, precision="fp32"
    )

    def validate() -> dict[str, float]:
        torch.rand(3)  # draws from the global stream must not matter
        batch = worlds.Steps().batch(10_000)
        with torch.no_grad():
            text = parts["student.text"](batch.view("student.text"))["pooled"]
            likeness = torch.cosine_similarity(text, parts["teacher.text"](batch)["pooled"]).mean()
        return {"best early": -float(likeness)}  # so that what is kept was chosen before the kills

    loader = Workers(workers, delay=delay) if workers else worlds.Steps(delay=delay)
    result = fit(
        spec, parts, loader, folder=folder, validate=validate, seed=3, progress=False, identity=identity, resume=resume
    )
    kept: dict[str, Any] = {
        name: [float(x) for x in value.double().flatten()] for name, value in worlds.weights(parts).items()
    }
    kept |= {"history": result.history, "best": result.best, "best step": result.best_step}
    (folder / "kept.json").write_text(json.dumps(kept))
    (folder / "resumed.json").write_text(json.dumps(result.resumed_from))
    return result


class Slow(View):
    """A word that takes its time."""

    modality = "text"

    def __init__(self, delay: float) -> None:
        self.delay = delay

    def prepare(self, value: object) -> Mapping[str, torch.Tensor]:
        time.sleep(self.delay)
        return {"word": torch.zeros(1)}

    def collate(self, rows: Sequence[Mapping[str, torch.Tensor] | None]) -> Mapping[str, torch.Tensor]:
        raise AssertionError

    def fingerprint(self) -> str:
        return "slow"


class Workers(TrainLoader):
    """The same batches once the worker processes of the real loader have prepared a row for each of them."""

    def __init__(self, workers: int, *, delay: float = 0.0) -> None:
        source = TableSource("word", table=Table((Record("word", {"text": "word"}),), ("text",)), folder=Path())
        sampler = MixedSampler({"text": [0]}, batch={"text": 1})
        super().__init__(source, sampler=sampler, views={"text": Slow(delay)}, workers=workers)
        self.made = worlds.Steps()
        # Children of `tools.spawn` are daemons, which may not have children, and would start them by a fork server.
        multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
        multiprocessing.set_start_method("fork", force=True)
        # An orphaned worker looks for its parent this often, and holds the child's sockets until then.
        torch.utils.data._utils.worker.MP_STATUS_CHECK_INTERVAL = 0.1  # type: ignore[attr-defined]

    def batch_of(self, step: int, made: object) -> Batch:
        assert made
        return self.made.batch(step)


def reach(folder: Path, step: int, *args: Any) -> tools.Child:
    """A training in a process of its own, returned once its log has reached a step."""
    child = tools.spawn(train, folder, *args).go()
    assert wait_for(child, folder, step), f"step {step} was not reached: {child.wait(5)}"
    return child


def wait_for(child: tools.Child, folder: Path, step: int) -> bool:
    """Waits until the log has reached a step or the training has ended; whether it has got there."""
    log = folder / "metrics.jsonl"
    deadline = time.monotonic() + 60
    while child.process.is_alive() and time.monotonic() < deadline:
        if log.exists() and log.read_bytes().count(b"\n") > step:
            return True
        time.sleep(0.002)
    return False


def steps_logged(folder: Path) -> list[int]:
    return [json.loads(line)["step"] for line in (folder / "metrics.jsonl").read_text().splitlines()]


def stage_of(seed: int) -> tuple[Stage, torch.optim.Optimizer]:
    """A stage after one update, so that the optimizer has moments."""
    torch.set_num_threads(1)
    spec = worlds.spec()
    stage = Stage(spec, producers=worlds.producers(seed))
    optimizer = make_optimizer(stage, spec.optimisation)
    stage(worlds.Steps().batch(seed)).loss.backward()
    optimizer.step()
    return stage, optimizer


def save(folder: Path, step: int, bulk: int = 0) -> None:
    """One checkpoint; `bulk` more numbers in it make it large."""
    stage, optimizer = stage_of(step)
    ema = {"bulk": torch.full((bulk,), float(step))} if bulk else None
    checkpoint.save(folder, step, stage, optimizer, ema, {"seconds": 0.0}, identity={"data": "d"})

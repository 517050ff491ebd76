"""What a run will take: seconds, memory and disk, from a few measured rows."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from limbeck.core.encoder import Encoder
from limbeck.core.recipe import DataSpec, Optimisation
from limbeck.core.source import Source
from limbeck.data.augmentation.augment import Drawn
from limbeck.data.cache.forecast import size_of
from limbeck.data.cache.store import ADDRESS_BYTES
from limbeck.encoders.student import Student
from limbeck.pipeline.checks.finding import Finding
from limbeck.pipeline.rows import kind_of
from limbeck.pipeline.views import view_of
from limbeck.stages.optimizer import make_optimizer

_STATE = 20  # bytes a parameter in training: weight, gradient, two moments, average
_CHECKPOINTS = 3
_SAVED = 20  # bytes a parameter in a checkpoint: weight, two moments, average, best weights
_STORE = 2_000_000_000
_WARMUP, _TIMED = 4, 16
_LONG = 2.0


@dataclass(frozen=True)
class Plan:
    """How much a run does.

    Args:
        outputs: modality -> teacher outputs to cache: of rows as they are, and under each draw.
        views: modality -> prepared samples of the student: of rows under each draw, or as they are where there is none.
        batch: modality -> rows of the largest step.
        passes: modality -> rows that the student's tower sees over all steps.
        steps: optimizer steps.
        validations: rows that are validated in all.
        stored: bytes of one number in the teacher's cache.
        optimisation: how the last stage takes its steps.
    """

    outputs: Mapping[str, int]
    views: Mapping[str, int]
    batch: Mapping[str, int]
    passes: Mapping[str, int]
    steps: int
    validations: int = 0
    stored: int = 4
    optimisation: Optimisation = field(default_factory=Optimisation)


@dataclass(frozen=True)
class Pace:
    """What a few rows of one student tower took.

    Args:
        prepare: seconds to prepare a row.
        step: seconds of forward and backward for a row.
        kept: bytes that one row keeps for the backward pass.
        view: bytes of a prepared row.
    """

    prepare: float
    step: float
    kept: float
    view: int


def measure_student(student: Student, source: Source, looked: Sequence[int], data: DataSpec) -> dict[str, Pace]:
    """A few forward and backward passes of each tower on real rows, prepared under all draws that a run has of them.

    Gradients are thrown away afterwards.
    """
    found = {}
    for modality, encoder in student.encoders.items():
        rows = [row for row in looked if modality in source.rows[row].modalities][:_TIMED]
        if not rows:
            continue
        view = view_of(encoder)
        start = time.perf_counter()
        ready = []
        for row in rows:
            drawn = Drawn(source.sample(row), view=view, augmentations=data.augmentations)
            draws = range(1, 1 + data.draws_of(kind_of(source.rows[row].modalities)))
            ready += [view.prepare(drawn(draw)) for draw in draws or (0,)]
        prepare = (time.perf_counter() - start) / len(ready)
        ready = ready[:_TIMED]
        size = sum(tensor.numel() * tensor.element_size() for tensor in ready[0].values())
        few = ready[:_WARMUP]
        _, kept = _pass(encoder, view.collate(few))
        seconds, _ = _pass(encoder, view.collate(few))
        each = seconds / len(few)
        if each * len(ready) < _LONG:
            each = _pass(encoder, view.collate(ready))[0] / len(ready)
        found[modality] = Pace(prepare, each, kept / len(few), size)
    return found


def check_costs(
    plan: Plan,
    *,
    student: Student,
    pace: Mapping[str, Pace],
    teacher: Mapping[str, float],
    widths: Mapping[str, int],
    cache: Path,
    out: Path,
) -> Iterator[Finding]:
    """Forecasts of time, memory and disk against what this machine has.

    Args:
        plan: how much is done.
        student: that is trained.
        pace: of its towers.
        teacher: modality -> seconds for one output; empty without a teacher.
        widths: modality -> numbers in one output of the teacher.
        cache: where teacher outputs go.
        out: where the run goes.
    """
    asking = sum(plan.outputs.get(m, 0) * seconds for m, seconds in teacher.items())
    made, again, kept = _prepared(plan, pace)
    preparing = sum(made[m] * each.prepare for m, each in pace.items())
    training = plan.steps * _update_seconds(student, plan.optimisation)
    training += sum(plan.passes.get(modality, 0) * each.step for modality, each in pace.items())
    training += plan.validations * sum(each.step for each in pace.values()) / 3  # a forward pass is a third of a step
    total = asking + preparing + training
    parts = f"teacher {_time(asking)} where nothing is cached yet, " if teacher else ""
    yield Finding(
        "ok" if total < 86_400 else "warning",
        "time",
        f"about {_time(total)}: {parts}pictures and texts {_time(preparing)}, {plan.steps} steps with their "
        f"validations {_time(training)}; measured on this machine as busy as it is now",
        "" if total < 86_400 else "take fewer --steps, a smaller student or fewer --draws",
    )
    if any(again.values()):
        share = sum(again.values()) / sum(_visits(plan, m) for m in pace)
        yield Finding(
            "note",
            "prepared rows",
            f"they are more than the {_size(_STORE)} that are kept of them, so that {share:.0%} of what the run sees "
            "is read and decoded again",
            "fewer --draws or a smaller student need less",
        )
    parameters = sum(parameter.numel() for parameter in student.model.parameters())
    stored = sum(size_of(plan.outputs.get(m, 0), plan.stored * widths[m] + ADDRESS_BYTES) for m in teacher)
    yield _memory(plan, parameters, pace, stored, kept)
    yield _disk(parameters, stored, cache=cache, out=out)


def _visits(plan: Plan, modality: str) -> int:
    """Rows that steps and validations see."""
    return plan.passes.get(modality, 0) + plan.validations


def _prepared(plan: Plan, pace: Mapping[str, Pace]) -> tuple[dict[str, int], dict[str, int], float]:
    """(modality -> rows that are prepared, modality -> those that are prepared again, bytes of those that are kept).

    What fits into the store is prepared once, the rest whenever it is seen.
    """
    distinct = {m: min(plan.views.get(m, 0), _visits(plan, m)) for m in pace}
    size = sum(distinct[m] * each.view for m, each in pace.items())
    fits = min(1.0, _STORE / size) if size else 1.0
    made = {m: round(fits * count + (1 - fits) * _visits(plan, m)) for m, count in distinct.items()}
    return made, {m: made[m] - count for m, count in distinct.items()}, fits * size


def _memory(plan: Plan, parameters: int, pace: Mapping[str, Pace], stored: int, views: float) -> Finding:
    kept = sum(plan.batch.get(m, 0) * each.kept for m, each in pace.items())
    needed = int(_STATE * parameters + kept + views + stored)
    free = free_memory()
    found = (
        f"about {_size(needed)} more ({_size(int(kept))} of it for one batch, {_size(int(views))} for prepared rows)"
    )
    if free is None:
        return Finding("note", "memory", f"{found}; how much is free is not known here")
    found += f", {_size(free)} are free"
    fix = "take a smaller --batch-size, student or number of --draws"
    if needed > free:
        return Finding("error", "memory", found, fix)
    return Finding("warning", "memory", found, fix) if needed > 0.8 * free else Finding("ok", "memory", found)


def _disk(parameters: int, stored: int, *, cache: Path, out: Path) -> Finding:
    run = (_CHECKPOINTS * _SAVED + 4) * parameters
    at_cache, at_out = _existing(cache), _existing(out)
    found = f"at most {_size(stored)} in {cache} for the teacher's outputs, about {_size(run)} for the run"
    same = at_cache.stat().st_dev == at_out.stat().st_dev
    for place, needed in ((at_cache, stored + run * same), (at_out, run + stored * same)):
        free = shutil.disk_usage(place).free
        if needed > free:
            fix = "free some space, choose other folders with --cache and --out, or take fewer --draws"
            return Finding("error", "disk", f"{found}, but {place} has {_size(free)} free", fix)
    return Finding("ok", "disk", f"{found}; {_size(shutil.disk_usage(at_out).free)} free")


def free_memory() -> int | None:
    """Bytes that this process may still take: what the machine has free, or what its container is allowed."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError):
        return None
    try:
        group = Path("/sys/fs/cgroup")
        limit, used = (group / "memory.max").read_text().strip(), (group / "memory.current").read_text()
        return free if limit == "max" else min(free, max(0, int(limit) - int(used)))
    except (OSError, ValueError):
        return free


def _pass(encoder: Encoder, view: Mapping[str, Tensor]) -> tuple[float, int]:
    """Seconds of one forward and backward pass, and the bytes kept between them, weights apart."""
    own = {parameter.data_ptr() for parameter in encoder.parameters()}
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if tensor.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    start = time.perf_counter()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = encoder(view)["pooled"].square().mean()
    loss.backward()
    seconds = time.perf_counter() - start
    for parameter in encoder.parameters():
        parameter.grad = None
    return seconds, sum(kept.values())


def _update_seconds(student: Student, optimisation: Optimisation) -> float:
    """One step of the optimizer on a copy of the student; the first step, which makes its memory, is not counted."""
    model = deepcopy(student.model)
    optimizer = make_optimizer(model, optimisation)
    for _ in range(2):
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        start = time.perf_counter()
        optimizer.step()
    return time.perf_counter() - start


def _existing(folder: Path) -> Path:
    place = folder.expanduser().absolute()
    while not place.exists():
        place = place.parent
    return place


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"

"""Whether bf16 autocast pays on this machine for this stage: measured, not guessed."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch

from limbeck.core.errors import UsageError, unknown
from limbeck.core.sample import Batch
from limbeck.stages.accumulation import backward
from limbeck.stages.stage import Stage

ROWS = 64
REPEATS = 3
GAIN = 1.15
WORTH = 100
_measured: dict[tuple[object, ...], tuple[float, float]] = {}


@dataclass(frozen=True)
class Precision:
    """A decision and why.

    Args:
        name: `fp32` or `bf16`.
        reason: for the log.
    """

    name: str
    reason: str

    @property
    def bf16(self) -> bool:
        """Whether autocast is on."""
        return self.name == "bf16"


def decide(asked: str, stage: Stage, batch: Batch, steps: int) -> Precision:
    """`fp32` and `bf16` as asked; `auto` times forward and backward in both on some rows of the first batch.

    Gradients, buffers and random numbers are left as they were. bf16 has to be 15 % faster, because it also rounds.
    One process measures one set of trained shapes once, so that the arms of a comparison get one precision.
    """
    if asked in ("fp32", "bf16"):
        return Precision(asked, "as asked")
    if asked != "auto":
        raise UsageError(unknown("precision", asked, ("auto", "bf16", "fp32")))
    if steps < WORTH:
        return Precision("fp32", f"auto: {steps} steps are too few to be worth measuring")
    if stage.device.type == "cpu" and not _cpu_has_bf16():
        return Precision("fp32", "auto: this processor has no bf16 instructions")
    key = (stage.device, torch.get_num_threads(), *((name, p.shape) for name, p in stage.named_parameters()))
    if key not in _measured:
        _measured[key] = _seconds(stage, batch, bf16=True), _seconds(stage, batch, bf16=False)
    fast, full = _measured[key]
    name = "bf16" if full > GAIN * fast else "fp32"
    return Precision(name, f"auto: {1e3 * full:.1f} ms in fp32, {1e3 * fast:.1f} ms in bf16")


def _cpu_has_bf16() -> bool:
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    known = [getattr(torch.cpu, check) for check in checks if hasattr(torch.cpu, check)]
    return any(check() for check in known) if known else True


def _seconds(stage: Stage, batch: Batch, *, bf16: bool) -> float:
    some = batch.rows(torch.linspace(0, len(batch) - 1, min(ROWS, len(batch)), device=batch.index.device).long())
    buffers = [(buffer, buffer.clone()) for buffer in stage.buffers()]
    taken = []
    with torch.random.fork_rng():
        for _ in range(REPEATS):
            start = time.perf_counter()
            backward(stage, some, bf16=bf16)
            if stage.device.type == "cuda":
                torch.cuda.synchronize(stage.device)
            taken.append(time.perf_counter() - start)
    stage.zero_grad(set_to_none=True)
    with torch.no_grad():
        for buffer, before in buffers:
            buffer.copy_(before)
    return min(taken)

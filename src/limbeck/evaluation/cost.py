"""`measure_cost`: what towers cost, measured side by side in one run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError, unknown

_FP32 = 4


@dataclass(frozen=True)
class TowerCost:
    """The cost of one encoder.

    Args:
        name: for example `student.image`.
        modality: what one item is.
        parameters: number of parameters, shared ones once.
        megabytes: size of an fp32 file of its parameters and buffers, in MB (10^6 bytes).
        milliseconds: batch size -> median milliseconds for one item.
        spread: batch size -> (lower, upper) quartile of the same.
    """

    name: str
    modality: str
    parameters: int
    megabytes: float
    milliseconds: Mapping[int, float]
    spread: Mapping[int, tuple[float, float]]

    def per_second(self, batch: int) -> float:
        """Items a second in batches of that size."""
        return 1000.0 / self.milliseconds[batch]


def parameters(modules: Iterable[nn.Module]) -> int:
    """Parameters of several modules together, shared ones once."""
    counts: dict[int, int] = {id(p): p.numel() for module in modules for p in module.parameters()}
    return sum(counts.values())


def megabytes(modules: Iterable[nn.Module]) -> float:
    """Size of an fp32 file of their parameters and buffers, shared ones once, in MB (10^6 bytes)."""
    counts: dict[int, int] = {
        id(t): t.numel() for module in modules for t in module.state_dict(keep_vars=True).values()
    }
    return sum(counts.values()) * _FP32 / 1e6


def measure_cost(
    towers: Mapping[str, tuple[Encoder, Mapping[str, Tensor]]],
    *,
    batches: Sequence[int] = (1, 64),
    repeats: int = 11,
    least_seconds: float = 0.02,
) -> dict[str, TowerCost]:
    """Median time of each tower, all towers interleaved, so that a busy or throttled machine is unfair to none.

    Args:
        towers: name -> (encoder, a view of real rows); a view with fewer rows than a batch is repeated.
        batches: batch sizes.
        repeats: rounds; each round times every tower once.
        least_seconds: one timing repeats short passes until it lasts this long, in s.

    Returns:
        name -> cost.
    """
    modes = {name: encoder.training for name, (encoder, _) in towers.items()}
    views = {(n, size): _sized(n, view, size) for n, (_, view) in towers.items() for size in batches}
    times: dict[tuple[str, int], list[float]] = {key: [] for key in views}
    try:
        with torch.inference_mode():
            passes = {}
            for (name, size), view in views.items():
                encoder = towers[name][0].eval()
                _timed(encoder, view, 1)
                once = min(_timed(encoder, view, 1) for _ in range(2))
                passes[name, size] = max(1, round(least_seconds / once))
            for _ in range(repeats):
                for (name, size), view in views.items():
                    seconds = _timed(towers[name][0], view, passes[name, size])
                    times[name, size].append(1000 * seconds / size)
    finally:
        for name, (encoder, _) in towers.items():
            encoder.train(modes[name])
    return {
        name: TowerCost(
            name=name,
            modality=encoder.modality,
            parameters=parameters([encoder]),
            megabytes=megabytes([encoder]),
            milliseconds={size: statistics.median(times[name, size]) for size in batches},
            spread={size: _quartiles(times[name, size]) for size in batches},
        )
        for name, (encoder, _) in towers.items()
    }


def speedup(costs: Mapping[str, TowerCost], fast: str, slow: str, *, batch: int) -> float:
    """How many times more items a second `fast` does than `slow`."""
    for name in (fast, slow):
        if name not in costs:
            raise UsageError(unknown("tower", name, costs))
    return costs[slow].milliseconds[batch] / costs[fast].milliseconds[batch]


def _timed(encoder: Encoder, view: Mapping[str, Tensor], passes: int) -> float:
    start = time.perf_counter()
    for _ in range(passes):
        # reading one number waits for an accelerator to finish
        encoder(view)["pooled"].flatten()[0].item()
    return (time.perf_counter() - start) / passes


def _sized(name: str, view: Mapping[str, Tensor], size: int) -> dict[str, Tensor]:
    rows = min((len(value) for value in view.values()), default=0)
    if not rows:
        raise UsageError(f"the view that {name} is timed on has no rows")
    chosen = torch.arange(size) % rows
    return {key: value[chosen].contiguous() for key, value in view.items()}


def _quartiles(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high

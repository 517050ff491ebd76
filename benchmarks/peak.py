"""Which share of this machine's bf16 matrix-product peak training reaches, and where the rest of the time goes.

Peak: the best of square and tall products through `torch.mm`, at the threads of the run. Training: `vit-192`, batch
128, counted by torch's own flop counter over one forward and backward pass.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.measure import Settings, spread
from benchmarks.training import ours, stage
from benchmarks.world import write_icons
from limbeck.stages.accumulation import backward
from limbeck.stages.optimizer import make_optimizer
from limbeck.stages.stage import Stage

SHAPES = ((1024, 1024, 1024), (2048, 2048, 2048), (8192, 768, 768))
# What an operator does, by the start of its name; everything else is `other`.
GROUPS = {
    "matrix products": ("aten::mm", "aten::addmm", "aten::bmm", "aten::baddbmm", "aten::mkldnn_conv",
                        "aten::convolution_b"),
    "casts and copies": ("aten::copy_", "aten::cat", "aten::clone", "aten::contiguous"),
    "activation functions": ("aten::gelu", "aten::relu"),
    "layer norms": ("aten::native_layer_norm",),
    "softmax": ("aten::_softmax", "aten::_log_softmax"),
    "sums, additions, products": ("aten::sum", "aten::add", "aten::mul", "aten::div", "aten::sub"),
    "filling with zeros": ("aten::fill_", "aten::zero_"),
    "optimizer and norm": ("aten::_fused_adamw", "aten::linalg_vector_norm", "aten::_foreach"),
    "embedding": ("aten::embedding", "aten::index"),
}  # fmt: skip


def measure(settings: Settings) -> dict[str, Any]:
    """Peak, training rate, share and the profile by kind of operator."""
    write_icons(settings.work, rows=48 if settings.tiny else 1024)
    shapes = ((64, 64, 64),) if settings.tiny else SHAPES
    peak = {name: _peak(dtype, shapes) for name, dtype in {"bf16": torch.bfloat16, "fp32": torch.float32}.items()}
    found: dict[str, Any] = {"unit": "GFLOP/s", "peak": peak, "targets": []}
    for precision in ("bf16", "fp32"):
        found[precision] = _training(settings, precision, peak[precision])
    return found


def _peak(dtype: torch.dtype, shapes: Iterable[tuple[int, int, int]]) -> float:
    best = 0.0
    for rows, inner, columns in shapes:
        first, second = torch.randn(rows, inner).to(dtype), torch.randn(columns, inner).to(dtype).t()
        once = 2 * rows * inner * columns / 1e9
        for _ in range(5):
            start, done = time.perf_counter(), 0
            while time.perf_counter() - start < 0.1:
                torch.mm(first, second)
                done += 1
            best = max(best, done * once / (time.perf_counter() - start))
    return best


def _training(settings: Settings, precision: str, peak: float) -> dict[str, Any]:
    spec, producers, loader = stage(ours(settings, precision=precision))
    model = Stage(spec, producers=producers).train()
    optimizer = make_optimizer(model, spec.optimisation)
    bf16, parameters = precision == "bf16", [p for p in model.parameters() if p.requires_grad]

    def step(number: int) -> None:
        backward(model, loader.batch_at(number), bf16=bf16)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    with FlopCounterMode(display=False) as counter:
        step(0)
    flops = counter.get_total_flops() / 1e9
    taken = []
    for number in range(1, 2 + settings.repeats):
        start = time.perf_counter()
        step(number)
        taken.append(time.perf_counter() - start)
    rates = [flops / each for each in taken[1:]]
    with profile(activities=[ProfilerActivity.CPU]) as profiled:
        for number in range(1 if settings.tiny else 3):
            step(number)
    events = [(event.key, event.self_cpu_time_total) for event in profiled.key_averages()]
    whole = sum(each for _, each in events)
    groups: dict[str, float] = {}
    for key, each in events:
        kind = next((name for name, starts in GROUPS.items() if key.startswith(starts)), "other")
        groups[kind] = groups.get(kind, 0.0) + each / whole
    top = sorted(events, key=lambda event: -event[1])[:12]
    return {
        "gflop a step": flops,
        "rate": spread(rates),
        "share of peak": spread([rate / peak for rate in rates]),
        "time by kind": dict(sorted(groups.items(), key=lambda item: -item[1])),
        "top operators": {key: each / whole for key, each in top},
    }

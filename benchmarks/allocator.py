"""The C allocator as `limbeck` sets it and as it comes, each in its own process: a teacher's pass and a training step.

`python -m benchmarks.allocator kept|returned ROUNDS THREADS TINY` is one side: JSON with the seconds of each on stdout.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from benchmarks.contest import ROOT
from benchmarks.measure import Settings, seconds, spread

SIDES = ("kept", "returned")
PARTS = {"teacher's pass": 64, "training step": 320}


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds and page faults by side; the sides take turns."""
    taken: dict[str, dict[str, list[float]]] = {side: {} for side in SIDES}
    for _ in range(2 if settings.tiny else min(settings.repeats, 5)):
        for side in SIDES:
            for name, value in _side(side, settings).items():
                taken[side].setdefault(name, []).append(value)
    found: dict[str, Any] = {side: {name: spread(own) for name, own in taken[side].items()} for side in SIDES}
    for part in PARTS:
        pairs = zip(taken["returned"][part], taken["kept"][part], strict=True)
        found[f"{part}, times as fast"] = spread([slow / fast for slow, fast in pairs])
    return {"unit": "s", "pictures": PARTS, **found, "targets": []}


def _side(side: str, settings: Settings) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.allocator", side, str(settings.threads), str(int(settings.tiny))]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT)))}
    said = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True).stdout
    found: dict[str, float] = json.loads(said.splitlines()[-1])
    return found


def _run(side: str, threads: int, tiny: bool) -> dict[str, float]:
    """Median seconds of each part in this process, megabytes and page faults at its end."""
    import resource

    import torch

    from limbeck.core.memory import keep_freed_memory
    from limbeck.encoders.efficientnet_lite import EfficientNetLiteEncoder
    from limbeck.encoders.student import make_student

    if side == "kept":
        assert keep_freed_memory(), "the allocator of this machine cannot be set"
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    teacher = EfficientNetLiteEncoder(160)
    student = make_student("resnet-s", width=256).encoders["image"].train()
    counts = {name: 2 if tiny else count for name, count in PARTS.items()}
    large = torch.randn(counts["teacher's pass"], 3, 160, 160)
    small = torch.randn(counts["training step"], 3, 64, 64)

    def answer() -> None:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            teacher({"pixel_values": large})

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16):
            found = student({"pixel_values": small})["pooled"]
        found.float().square().mean().backward()
        student.zero_grad(set_to_none=True)

    found = {}
    for name, work in zip(PARTS, (answer, step), strict=True):
        found[name] = spread(seconds(work, repeats=2 if tiny else 11, warm=2))["median"]
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {**found, "largest size, MB": used.ru_maxrss / 1024, "page faults": float(used.ru_minflt)}


if __name__ == "__main__":
    print(json.dumps(_run(sys.argv[1], int(sys.argv[2]), sys.argv[3] == "1")))

"""What every benchmark shares: settings, quartiles, and what machine it was."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "pillow", "open_clip_torch", "timm")


@dataclass(frozen=True)
class Settings:
    """How a run measures.

    Args:
        work: folder for data, caches and logs of this run.
        threads: of every process that is measured.
        repeats: rounds; contestants take turns within a round.
        tiny: sizes for a test of the machinery; its figures mean nothing.
        peer: interpreter that has open_clip; None leaves it out.
    """

    work: Path
    threads: int = 1
    repeats: int = 7
    tiny: bool = False
    peer: Path | None = None


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Median, quartiles and the values themselves."""
    first, middle, third = (values[0],) * 3 if len(values) < 2 else statistics.quantiles(values, method="inclusive")
    return {"median": middle, "q1": first, "q3": third, "n": len(values), "values": list(values)}


def seconds(work: Callable[[], object], *, repeats: int, warm: int = 1) -> list[float]:
    """Wall clock of `work`, once for each repeat, after `warm` calls that are not counted."""
    taken = []
    for number in range(warm + repeats):
        start = time.perf_counter()
        work()
        if number >= warm:
            taken.append(time.perf_counter() - start)
    return taken


def target(name: str, value: float, *, at_least: float | None = None, at_most: float | None = None) -> dict[str, Any]:
    """One figure beside what it should reach; `reached` is decided by the median alone."""
    reached = (at_least is None or value >= at_least) and (at_most is None or value <= at_most)
    wanted = f">= {at_least:g}" if at_least is not None else f"<= {at_most:g}"
    return {"name": name, "value": value, "wanted": wanted, "reached": reached}


def machine(threads: int) -> dict[str, Any]:
    """Processor, flags that decide matrix speed, load before the run, versions, thread settings."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    fields = dict(line.split(":", 1) for line in info.split("\n\n")[0].splitlines() if ":" in line)
    plain = {name.strip(): value.strip() for name, value in fields.items()}
    flags = [flag for flag in plain.get("flags", "").split() if flag.startswith(("avx", "amx"))]
    pages, size = (os.sysconf(name) for name in ("SC_PHYS_PAGES", "SC_PAGE_SIZE"))
    return {
        "processor": plain.get("model name", platform.processor()),
        "cores": os.cpu_count(),
        "memory_gb": round(pages * size / 1e9, 1),
        "flags": flags,
        "system": platform.platform(),
        "load_before": [round(load, 2) for load in os.getloadavg()],
        "threads": threads,
        "environment": {name: os.environ[name] for name in sorted(os.environ) if name.startswith(("OMP_", "MKL_"))},
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of this interpreter's packages."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found

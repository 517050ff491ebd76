"""`python -m benchmarks.run`: every benchmark of this folder, each into `results/NAME.json`, then docs/benchmarks.md.

A benchmark is a module here with `measure(settings) -> plain values`; it is found by walking.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measure import Settings, machine

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"


def names() -> list[str]:
    """Modules with a `measure`, the ones that start processes of their own first."""
    found = [info.name for info in pkgutil.iter_modules([str(HERE)]) if info.name != "run"]
    return [name for name in found if hasattr(importlib.import_module(f"benchmarks.{name}"), "measure")]


def run(name: str, settings: Settings) -> dict[str, Any]:
    """One benchmark with everything that is needed to read its figures."""
    import torch

    torch.set_num_threads(settings.threads)
    about, started = machine(settings.threads), time.perf_counter()
    found = importlib.import_module(f"benchmarks.{name}").measure(settings)
    return {
        "benchmark": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "tiny": settings.tiny,
        "repeats": settings.repeats,
        "seconds": round(time.perf_counter() - started, 1),
        "machine": about,
        "results": found,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write, and print one line a target."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("only", nargs="*", help=f"benchmarks to run; all by default: {', '.join(names())}")
    parser.add_argument("--open-clip", type=Path, metavar="PYTHON", help="interpreter that has open_clip and torch")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of every measured process")
    parser.add_argument("--repeats", type=int, default=7, help="interleaved rounds")
    parser.add_argument("--tiny", action="store_true", help="test the machinery; the figures mean nothing")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the JSON files")
    given = parser.parse_args(arguments)
    if unknown := set(given.only) - set(names()):
        parser.error(f"unknown benchmark {', '.join(sorted(unknown))}; valid: {', '.join(names())}")
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="limbeck-bench-") as work:
        settings = Settings(Path(work), given.threads, given.repeats, given.tiny, given.open_clip)
        for name in given.only or names():
            print(f"{name} ...", flush=True)
            found = run(name, settings)
            (given.out / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            for each in found["results"]["targets"]:
                verdict = "reached" if each["reached"] else "NOT reached"
                print(f"  {each['name']}: {each['value']:.4g} (wanted {each['wanted']}, {verdict})", flush=True)
            print(f"  {found['seconds']} s", flush=True)
    if not given.tiny and given.out == RESULTS:
        from benchmarks.table import write_page

        print(f"wrote {write_page(RESULTS)}")
    return 0


@functools.cache
def _commit() -> str:
    """Of the code, asked once: the results of one benchmark would make the tree of the next one look changed."""
    asked = ["git", "-C", str(HERE), "describe", "--always", "--dirty"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())

"""`limbeck --help` in a fresh process, beside an interpreter that does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from benchmarks.contest import ROOT
from benchmarks.measure import Settings, seconds, spread, target

TIMES = 15


def measure(settings: Settings) -> dict[str, Any]:
    """Seconds until the answer."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}

    def call(*arguments: str) -> list[float]:
        command = [sys.executable, *arguments]

        def once() -> None:
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)

        return seconds(once, repeats=2 if settings.tiny else TIMES)

    helped, nothing = call("-m", "limbeck", "--help"), call("-c", "pass")
    median = spread(helped)["median"]
    return {
        "unit": "s",
        "limbeck --help": spread(helped),
        "python -c pass": spread(nothing),
        "targets": [target("limbeck --help, seconds", median, at_most=0.5)],
    }

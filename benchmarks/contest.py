"""Contestants in processes of their own that take turns: each makes some steps of its real training loop when told to.

A contestant is `function(options, meter)`: it starts its own loop over `meter.over(batches)`. The meter lets as many
batches through as this process is told on stdin, and answers with the seconds from the first request to the request
after the last one: everything that the loop does for a step is in them, loading and logging too.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.measure import versions

ROOT = Path(__file__).resolve().parents[1]
Item = TypeVar("Item")


class Meter:
    """Lets batches through in rounds, and times each round.

    Args:
        ask: the number of steps of the next round; 0 ends the contestant.
        tell: takes what a round gave.
    """

    def __init__(self, ask: Callable[[], int], tell: Callable[[Mapping[str, Any]], None]) -> None:
        self.ask = ask
        self.tell = tell

    def over(self, batches: Iterable[Item]) -> Iterator[Item]:
        """The batches, for as long as somebody asks for steps."""
        source = iter(batches)
        while steps := self.ask():
            start, processor = time.perf_counter(), time.process_time()
            for _ in range(steps):
                yield next(source)
            taken = time.perf_counter() - start, time.process_time() - processor
            self.tell({"steps": steps, "seconds": taken[0], "processor_seconds": taken[1]})
        raise SystemExit(0)


class Contestant:
    """The handle of one process.

    Args:
        name: shown in results.
        call: `module:function`.
        options: plain values for the function.
        python: its interpreter.
        threads: of its torch.
        log: takes its stderr.
    """

    def __init__(
        self, name: str, call: str, options: Mapping[str, Any], *, python: Path, threads: int, log: Path
    ) -> None:
        self.name = name
        self.log = log
        environment = os.environ | {
            "OMP_NUM_THREADS": str(threads),
            "MKL_NUM_THREADS": str(threads),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
        }
        command = [str(python), "-m", "benchmarks.contest", call, json.dumps(dict(options))]
        with open(log, "wb") as errors:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )
        self.about: dict[str, Any] = {}

    def greet(self) -> None:
        """Wait until it has started; several can be started side by side first."""
        self.about = self._answer()

    def run(self, steps: int) -> dict[str, Any]:
        """Make some steps; everybody else waits."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{steps}\n".encode())
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process, without asking: `fit` would answer SIGTERM with a checkpoint."""
        self._process.kill()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            last = self.log.read_text(errors="replace").strip().splitlines()[-8:]
            raise RuntimeError(f"contestant '{self.name}' died:\n" + "\n".join(last))
        return dict(json.loads(line))


def rounds(contestants: Mapping[str, Contestant], steps: Mapping[str, int], *, repeats: int) -> dict[str, list[float]]:
    """Seconds a step, by contestant and round; the order turns, so that no one always comes first."""
    names = list(contestants)
    for name in names:
        contestants[name].run(max(2, steps[name]))
    taken: dict[str, list[float]] = {name: [] for name in names}
    for number in range(repeats):
        turn = number % len(names)
        for name in [*names[turn:], *names[:turn]]:
            found = contestants[name].run(steps[name])
            taken[name].append(found["seconds"] / found["steps"])
    return taken


def serve(call: str, options: Mapping[str, Any]) -> None:
    """The process side."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not be taken for an answer

    def tell(values: Mapping[str, Any]) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    def ask() -> int:
        line = sys.stdin.readline()
        return int(line) if line.strip() else 0

    import torch

    # A first line says who answers, so that a contestant that cannot start is known at once.
    tell({"versions": versions(), "threads": torch.get_num_threads(), "python": sys.executable})
    module, _, function = call.partition(":")
    getattr(importlib.import_module(module), function)(options, Meter(ask, tell))


if __name__ == "__main__":
    serve(sys.argv[1], json.loads(sys.argv[2]))

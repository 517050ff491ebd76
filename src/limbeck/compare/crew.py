"""`Crew`: tasks done here one after the other, or by several processes; what they leave behind is the same."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from limbeck.core import errors
from limbeck.core.errors import InterruptedRun, LimbeckError, UsageError
from limbeck.core.threads import torch_threads
from limbeck.data.places import cache_folder
from limbeck.pipeline.notify import Notify, silent

Task = Mapping[str, Any]
Desk = Callable[[Task], None]
_PATIENCE = 20.0
# Torch has one thread count and one random stream a process: two comparisons in two threads take turns by tasks.
_turn = threading.RLock()


class Crew:
    """Does tasks in this process, or in several that stay until the end of the `with` block.

    Args:
        desk: does a task in this process; used with one job, and for a task that is alone.
        opener: makes the same desk in another process from the file `plan`; a public function of this package.
        plan: what `opener` reads.
        jobs: processes.
        threads: torch threads a process: with the same number, any number of jobs gives the same bits.
        notify: takes one line a fact.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        opener: Callable[[Path, Notify], Desk],
        plan: Path,
        jobs: int,
        threads: int,
        notify: Notify = silent,
    ) -> None:
        if jobs < 1 or threads < 1:
            raise UsageError(f"jobs and threads are at least 1; got {jobs} and {threads}")
        self.desk, self.opener, self.plan = desk, opener, plan
        self.jobs, self.threads, self.notify = jobs, threads, notify
        self._workers: list[_Worker] = []

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.stop()
        self._workers = []

    def work(self, tasks: Sequence[Task]) -> None:
        """Do every task; each leaves its result in a file, so that what was done before a kill is never asked again.

        Raises:
            LimbeckError: as a task raised it; what others do at that time is stopped, and goes on when asked again.
        """
        if self.jobs == 1 or len(tasks) <= 1:
            for task in tasks:
                with fixed_threads(self.threads):
                    self.desk(task)
            return
        place = f"{self.opener.__module__}:{self.opener.__qualname__}"
        while len(self._workers) < min(self.jobs, len(tasks)):
            self._workers.append(_Worker(place, self.plan, self.threads, self.notify))
        waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
        for task in tasks:
            waiting.put(task)
        feeders = [threading.Thread(target=worker.feed, args=(waiting,), daemon=True) for worker in self._workers]
        try:
            for feeder in feeders:
                feeder.start()
            for feeder in feeders:
                while feeder.is_alive():  # with a timeout, so that Ctrl-C is heard
                    feeder.join(0.2)
                    self._complain()
            self._complain()
        except KeyboardInterrupt:
            raise InterruptedRun("interrupted; run the same command again to go on with what is missing") from None

    def _complain(self) -> None:
        for worker in self._workers:
            if worker.error is not None:
                raise worker.error


@contextlib.contextmanager
def fixed_threads(count: int) -> Iterator[None]:
    """Torch computes with `count` threads inside, and with as many as before afterwards; no other thread is inside."""
    with _turn, torch_threads(count):
        yield


class _Worker:
    """One process."""

    def __init__(self, opener: str, plan: Path, threads: int, notify: Notify) -> None:
        self.notify = notify
        self.error: Exception | None = None
        self.stopped = False
        command = [sys.executable, "-m", "limbeck.compare.worker", opener, str(plan), str(threads)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=_environment())
        self.words: list[str] = []
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def feed(self, waiting: queue.SimpleQueue[Task]) -> None:
        """Hand the process one task after the other until none is left; what goes wrong is kept in `error`."""
        with contextlib.suppress(queue.Empty):
            while not self.stopped:
                task = waiting.get_nowait()
                try:
                    self._do(task)
                except (LimbeckError, RuntimeError) as error:
                    self.error = error
                except (OSError, ValueError) as error:  # the pipe of a process that is gone
                    self.error = RuntimeError(f"a worker process ended: {error}; {self._last_words()}")
                if self.error is not None:
                    return

    def stop(self) -> None:
        """End the process; one that is training has its checkpoints."""
        self.stopped = True
        with contextlib.suppress(OSError, ValueError):
            assert self.process.stdin is not None
            self.process.stdin.close()
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.listener.join(_PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):
                    stream.close()

    def _do(self, task: Task) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(task) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            answer = json.loads(line)
            if "say" in answer:
                self.notify(answer["say"])
            elif "error" in answer:
                raise _error(answer)
            else:
                return
        raise RuntimeError(f"a worker process ended while it did {json.dumps(task)}; {self._last_words()}")

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.words = [*self.words[-20:], line.rstrip()]

    def _last_words(self) -> str:
        self.listener.join(1.0)
        return " | ".join(self.words[-3:]) or "it said nothing"


def _error(answer: Mapping[str, str]) -> LimbeckError | RuntimeError:
    kind = getattr(errors, answer["kind"], None)
    if isinstance(kind, type) and issubclass(kind, LimbeckError):
        return kind(answer["error"])
    return RuntimeError(f"{answer['kind']} in a worker process: {answer['error']}")


def _environment() -> dict[str, str]:
    # a package that is not installed but on this process's path is found by the worker too
    # and what `--cache` says here holds there
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**os.environ, "PYTHONPATH": path, "LIMBECK_CACHE": str(cache_folder())}

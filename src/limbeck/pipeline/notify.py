"""How a long job speaks: one line a fact, to stderr, so that stdout stays what the user asked for."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

Notify = Callable[[str], None]


def silent(line: str) -> None:
    """Say nothing."""


def counted(notify: Notify, what: str, *, every: float = 10.0) -> Callable[[int], Callable[[], None]]:
    """How far a job is, about every ten seconds; of a short one nothing.

    Args:
        notify: takes one line a fact.
        what: the job, as in "reading rows".
        every: seconds.

    Returns:
        What takes the number of items and returns what is to be called after each of them.
    """

    def watch(total: int) -> Callable[[], None]:
        done, told = 0, time.monotonic()

        def tick() -> None:
            nonlocal done, told
            done += 1
            if time.monotonic() - told >= every and done < total:
                told = time.monotonic()
                notify(f"{what}: {done} of {total}")

        return tick

    return watch


def to_stderr() -> Notify:
    """Lines with the seconds since the start."""
    start = time.monotonic()

    def say(line: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - start:6.1f} s] {line}\n")
        sys.stderr.flush()

    return say

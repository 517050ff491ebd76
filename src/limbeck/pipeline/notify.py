"""How a long job speaks: one line a fact, to stderr, so that stdout stays what the user asked for."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

Notify = Callable[[str], None]


def silent(line: str) -> None:
    """Say nothing."""


def to_stderr() -> Notify:
    """Lines with the seconds since the start."""
    start = time.monotonic()

    def say(line: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - start:6.1f} s] {line}\n")
        sys.stderr.flush()

    return say

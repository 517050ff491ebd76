"""SIGINT and SIGTERM: the first finishes the step and leaves a checkpoint, the second leaves at once."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType, TracebackType

from limbeck.core.errors import InterruptedRun

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """A context in which signals are noted; `asked` says whether one has come.

    Outside the main thread, where Python does not let handlers be set, it does nothing.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            # No clean-up: whoever asks twice wants out. What is half-written has a temporary name and is swept later.
            os.write(2, b"\ninterrupted twice: leaving at once, without a checkpoint\n")
            os._exit(InterruptedRun.exit_code)
        self.asked = True
        os.write(2, b"\ninterrupted: finishing this step and writing a checkpoint; once more leaves at once\n")

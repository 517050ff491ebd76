"""How far a stage is: a bar with rate and time left on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

SECONDS_BETWEEN_LINES = 15.0


class Progress:
    """Writes to stderr.

    Args:
        name: of the stage.
        total: steps.
        done: steps of earlier sessions.
        shown: False keeps quiet.
    """

    def __init__(self, name: str, *, total: int, done: int = 0, shown: bool = True) -> None:
        self.name = name
        self.total = total
        self.shown = shown
        self._first, self._start = done, time.monotonic()
        self._last_line = self._start
        self._rows = 0
        self._bar: Any = None
        if shown and sys.stderr.isatty():
            self._bar = self._make_bar(done)

    def update(self, step: int, rows: int, loss: float) -> None:
        """After update `step` on `rows` rows."""
        if not self.shown:
            return
        self._rows += rows
        now = time.monotonic()
        elapsed = max(now - self._start, 1e-9)
        rate = self._rows / elapsed
        if self._bar is not None:
            self._bar.update(self._task, completed=step, loss=f"loss {loss:.4f}", rate=f"{rate:,.0f} rows/s")
        elif now - self._last_line >= SECONDS_BETWEEN_LINES or step == self.total:
            self._last_line = now
            left = elapsed / max(step - self._first, 1) * (self.total - step)
            self._line(
                f"{self.name}: step {step}/{self.total}, loss {loss:.4f}, {rate:,.0f} rows/s, {_clock(left)} left"
            )

    def note(self, text: str) -> None:
        """A line that stays (a validation, a warning)."""
        if not self.shown:
            return
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            self._line(text)

    def close(self) -> None:
        """Give the terminal back."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _line(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def _make_bar(self, done: int) -> Any:
        try:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar
        except ModuleNotFoundError:
            return None
        columns = ("{task.description}", "{task.fields[loss]}", "{task.fields[rate]}")
        name, loss, rate = (TextColumn(column) for column in columns)
        bar = Bar(
            name, BarColumn(), MofNCompleteColumn(), loss, rate, TimeRemainingColumn(), console=Console(stderr=True)
        )
        self._task = bar.add_task(self.name, total=self.total, completed=done, loss="", rate="")
        bar.start()
        return bar


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"

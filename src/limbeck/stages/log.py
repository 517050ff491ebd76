"""`metrics.jsonl`: one JSON object a logged step, appended; after a resume no step is missing or there twice."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from limbeck.core.artefact import storage_errors, write_file

FILE = "metrics.jsonl"


class MetricsLog:
    """Appends to `folder/metrics.jsonl`. It holds no clock, so that a resumed run's log equals an uninterrupted one's.

    Args:
        folder: of the run; several stages may share one log. None writes nothing down.
        stage: name in every line.
        keep: lines of this stage up to this step stay, later ones (of a session that was killed) go.
    """

    def __init__(self, folder: Path | None, *, stage: str, keep: int) -> None:
        self.path = folder / FILE if folder is not None else Path(os.devnull)
        self.stage = stage
        self._stream: BinaryIO | None = None
        if folder is None:
            return
        with storage_errors(self.path):
            folder.mkdir(parents=True, exist_ok=True)
            before = self.path.read_bytes() if self.path.exists() else b""
            kept = b"".join(line for line in before.splitlines(keepends=True) if self._stays(line, keep))
            if kept != before:
                write_file(self.path, kept)
            self._stream = open(self.path, "ab")  # noqa: SIM115 - open for the whole stage

    def write(self, step: int, values: Mapping[str, Any]) -> None:
        """One line; numbers that are not finite become null."""
        if self._stream is None:
            return
        line = json.dumps({"stage": self.stage, "step": step, **_finite(values)}, allow_nan=False)
        with storage_errors(self.path):
            self._stream.write(line.encode() + b"\n")
            self._stream.flush()

    def sync(self) -> None:
        """Down to the disk: a checkpoint must not be newer than its log."""
        if self._stream is None:
            return
        with storage_errors(self.path):
            self._stream.flush()
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Flush and close."""
        if self._stream is None:
            return
        with storage_errors(self.path):
            self._stream.close()

    def _stays(self, line: bytes, keep: int) -> bool:
        if not line.endswith(b"\n"):
            return False
        try:
            entry = json.loads(line)
            return bool(entry["stage"] != self.stage or entry["step"] <= keep)
        except (ValueError, KeyError, TypeError):
            return False


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

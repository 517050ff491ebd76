"""Desks that leave a note, for tests of crews and workers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from limbeck.core.errors import DataError


def opener(plan: Path, notify: Callable[[str], None]) -> Callable[[Any], None]:
    """Writes who did a task with how many threads, or fails as the task says."""

    def desk(task: Any) -> None:
        notify(f"doing {task['name']}")
        if task.get("fail") == "DataError":
            raise DataError("bad row 7")
        if task.get("fail") == "ZeroDivisionError":
            1 / 0  # noqa: B018
        if task.get("fail") == "exit":
            os._exit(3)
        note = {"pid": os.getpid(), "threads": torch.get_num_threads()}
        (plan.parent / f"{task['name']}.done").write_text(json.dumps(note))

    return desk

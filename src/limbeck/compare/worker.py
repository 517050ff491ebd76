"""A process of a crew: `python -m limbeck.compare.worker MODULE:FUNCTION PLAN THREADS`; tasks in, JSON lines out.

Tasks come as lines on stdin. When stdin ends, whoever started this is done or gone, and the process leaves at once:
what it was doing has its checkpoints, and nobody else writes to the folder when the work is taken up again.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import IO, Any

from limbeck.core.memory import keep_freed_memory


def main(arguments: list[str], *, asked: IO[str], answers: IO[str]) -> int:
    """Do tasks until none comes; returns the exit code.

    Args:
        arguments: `MODULE:FUNCTION` of the opener, the plan's file, the number of threads.
        asked: one task a line.
        answers: one JSON line a fact, and one at the end of each task.
    """
    import torch

    from limbeck.core.errors import LimbeckError

    opener, plan, threads = arguments
    torch.set_num_threads(int(threads))

    def answer(**values: Any) -> None:
        answers.write(json.dumps(values) + "\n")
        answers.flush()

    tasks = _read(asked)
    desk = None
    while (task := tasks.get()) is not None:
        try:
            if desk is None:
                module, _, name = opener.partition(":")
                desk = getattr(importlib.import_module(module), name)(Path(plan), lambda line: answer(say=line))
            desk(task)
        except LimbeckError as error:
            answer(error=str(error), kind=type(error).__name__)
        except Exception as error:
            answer(error=" ".join(str(error).split()), kind=type(error).__name__)
        else:
            answer(done=True)
    return 0


def _read(asked: IO[str]) -> queue.SimpleQueue[Any]:
    """Lines as they come, read by a thread that ends the process when there can be no more."""
    tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def read() -> None:
        for line in asked:
            tasks.put(json.loads(line))
        if asked is sys.stdin:
            os._exit(0)
        tasks.put(None)

    threading.Thread(target=read, daemon=True).start()
    return tasks


if __name__ == "__main__":
    out = os.dup(1)
    os.dup2(2, 1)  # what libraries print is no answer
    keep_freed_memory()
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:], asked=sys.stdin, answers=os.fdopen(out, "w")))

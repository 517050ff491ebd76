"""`worker_deaths`: a data-loader worker that dies ends the run with one sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from limbeck.core.errors import ResourceError


@contextlib.contextmanager
def worker_deaths() -> Iterator[None]:
    """Turns what torch raises when a data-loader worker dies into an error that names the fix.

    Torch raises it while a batch is waited for, or from a signal handler, that is at any line of the main process:
    whoever iterates a loader with workers wraps the whole work, not only the iteration.

    Raises:
        ResourceError: a worker was killed or left (exit code 5).

    >>> with worker_deaths():
    ...     raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed. ")
    Traceback (most recent call last):
    ...
    limbeck.core.errors.ResourceError: a data-loader worker died (DataLoader worker (pid 7) ...
    """
    try:
        yield
    except RuntimeError as error:
        said = str(error)
        if "DataLoader worker" not in said:
            raise
        what = said.splitlines()[0][:120].rstrip(" .")
        raise ResourceError(
            f"a data-loader worker died ({what}); memory may have run out: use fewer workers, a smaller batch or "
            "--workers 0, and type the same command again to go on"
        ) from error

"""Where Limbeck keeps what can be made again."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from limbeck.core.errors import UsageError

_CHOSEN: ContextVar[Path | None] = ContextVar("limbeck_cache", default=None)


@contextlib.contextmanager
def caching_in(folder: Path | str | None) -> Iterator[None]:
    """`cache_folder()` is `folder` inside the block; None changes nothing.

    Use when a command has `--cache`: built-in data sets are made by name and take no folder.
    """
    token = _CHOSEN.set(Path(folder) if folder else _CHOSEN.get())
    try:
        yield
    finally:
        _CHOSEN.reset(token)


def cache_folder() -> Path:
    """`$LIMBECK_CACHE`, else `~/.cache/limbeck`, else a folder of this user below the temporary folder.

    Use when drawn or downloaded data is kept between runs. A machine without HOME, or with one that cannot be
    written to, still works.

    Raises:
        UsageError: the folder that `--cache` or `LIMBECK_CACHE` names is a file, or lies below one.
        OSError: not even the temporary folder can be written to.
    """
    chosen = _CHOSEN.get()
    named = chosen or os.environ.get("LIMBECK_CACHE")
    if named:
        folder = Path(named).expanduser()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            what = "--cache" if chosen else "LIMBECK_CACHE"
            file = next((place for place in (folder, *folder.parents) if place.is_file()), folder)
            raise UsageError(f"{what} {folder} cannot be a folder: {file} is a file; name another place") from error
        return folder
    for place in (_below_home(), Path(tempfile.gettempdir()) / f"limbeck-{os.getuid()}"):
        if place is None:
            continue
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError:
            continue
        if os.access(place, os.W_OK | os.X_OK) and place.stat().st_uid == os.getuid():
            return place
    return Path(tempfile.mkdtemp(prefix="limbeck-"))


def _below_home() -> Path | None:
    standard = os.environ.get("XDG_CACHE_HOME")
    if standard and os.path.isabs(standard):
        return Path(standard) / "limbeck"
    try:
        return Path.home() / ".cache" / "limbeck"
    except (RuntimeError, KeyError):
        return None

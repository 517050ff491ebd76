"""`keep_freed_memory`: the C allocator keeps what torch frees, for the next step to use."""

from __future__ import annotations

import ctypes
import os

# Numbers of glibc's mallopt(3).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_LARGEST = 1 << 30
_OWN = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_MAX_")


def keep_freed_memory() -> bool:
    """Ask glibc to hand out freed blocks below 1 GiB again instead of returning them to the system.

    Left alone, glibc maps every tensor above 32 MB anew, and the system fills its pages with zeros at first touch: on a
    CPU that can cost as much as the network (`benchmarks/allocator.py`). Values do not change; the process keeps its
    largest size until it ends. For processes that are Limbeck's own: the command line and the workers of a comparison.
    Settings that the user made (`MALLOC_MMAP_THRESHOLD_` and its like, or `glibc.malloc` in `GLIBC_TUNABLES`) stand.

    Returns:
        Whether it was done; False where the allocator is not glibc's or the user has set it.
    """
    if any(name in os.environ for name in _OWN) or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS, Windows
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGEST) and mallopt(_TRIM_THRESHOLD, -1))

"""Fixtures of the fault tests."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults import tools


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 4 MiB."""
    with tools.tmpfs(4) as folder:
        yield folder


@pytest.fixture
def quick_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder where flushing costs nothing, for tests that save hundreds of times; `tmp_path` where there is none."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="limbeck-", dir=memory))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)

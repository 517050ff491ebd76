from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from limbeck.core.memory import keep_freed_memory

# How many pages the system has to hand out while blocks of 64 MB are taken and freed ten times; before that small
# blocks settle between the large ones.
_PROBE = """
import resource, torch
from limbeck.core.memory import keep_freed_memory
done = {call}
for _ in range(40):
    torch.ones(16 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.ones(16 << 20)
print(done, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def probe(call: str, **environment: str) -> tuple[bool, int]:
    code = _PROBE.format(call=call)
    said = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    done, faults = said.stdout.split()
    return done == "True", int(faults)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator is not glibc's")
def test_freed_blocks_are_used_again() -> None:
    assert probe("None")[1] > 1000  # what is to be avoided does happen
    done, faults = probe("keep_freed_memory()")
    assert done
    assert faults < 100


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator is not glibc's")
@pytest.mark.parametrize(
    ("name", "value"),
    [("MALLOC_MMAP_THRESHOLD_", "65536"), ("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=65536")],
)
def test_what_the_user_has_set_stands(name: str, value: str) -> None:
    done, faults = probe("keep_freed_memory()", **{name: value})
    assert not done
    assert faults > 1000


def test_another_allocator_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_MAX_", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("limbeck.core.memory.ctypes.CDLL", lambda _: object())
    assert keep_freed_memory() is False

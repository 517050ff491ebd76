"""Ways to hurt a writer or a file on purpose: full disks, flipped bits, cut files, killed processes, failing syscalls.

Processes come from a fork server that has torch loaded, so that a real child costs milliseconds: a target must be a
module-level function with picklable arguments. Its exit code is 0, the `exit_code` of the `LimbeckError` that it
raised, 70 for any other exception, or minus the signal that killed it.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import pytest

from limbeck.core.errors import LimbeckError

CRASHED = 70
_WORLD = multiprocessing.get_context("forkserver")
# torch._dynamo: the first step of any torch optimizer imports it, which takes longer than most targets run
_WORLD.set_forkserver_preload(
    [
        "pytest",
        "torch",
        "safetensors.torch",
        "tokenizers",
        "limbeck.core.artefact",
        "limbeck.data.cache",
        "torch._dynamo",
        "limbeck.stages.loop",
    ]
)


# --- disks -----------------------------------------------------------------------------------------------------------
@contextlib.contextmanager
def tmpfs(megabytes: float = 4) -> Iterator[Path]:
    """A file system of its own of that size; the test is skipped where we may not mount one."""
    folder = Path(tempfile.mkdtemp(prefix="limbeck-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={int(megabytes * 1024)}k", "tmpfs", str(folder)]
    try:
        mounted = os.geteuid() == 0 and subprocess.run(command, capture_output=True).returncode == 0
        if not mounted:
            pytest.skip("needs the right to mount a tmpfs (root)")
        try:
            yield folder
        finally:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def fill(folder: Path, *, leave: int) -> Path:
    """Takes all but `leave` bytes of the disk that holds `folder`; returns the file that takes them."""
    ballast = folder / "ballast"
    with open(ballast, "wb") as stream:
        remaining = shutil.disk_usage(folder).free - leave
        while remaining > 0:
            remaining -= stream.write(b"\0" * min(remaining, 1 << 20))
    return ballast


def leftovers(folder: Path) -> list[str]:
    """Temporary files and folders below `folder`: there must be none after a failure that was handled."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if re.search(r"\.tmp-|\.old-", p.name))


# --- files -----------------------------------------------------------------------------------------------------------
def flip_bits(path: Path, rng: random.Random, *, count: int = 1) -> None:
    """Flips `count` different bits of a file, keeping its size and modification time."""
    stat, content = path.stat(), bytearray(path.read_bytes())
    for bit in rng.sample(range(8 * len(content)), count):
        content[bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def truncate(path: Path, rng: random.Random) -> None:
    """Cuts a file somewhere, possibly down to nothing."""
    os.truncate(path, rng.randrange(path.stat().st_size))


def damages(folder: Path, *, flips: int = 200, cuts: int = 20, seed: int = 0) -> Iterator[str]:
    """Damages one file at a time, names what was done, and mends it when the loop asks for the next.

    Files are chosen uniformly, not by size, so that small manifests and headers get their share. Half of the flips
    in a file larger than 4 KiB fall into its first 512 bytes, where formats keep their headers.
    """
    rng = random.Random(seed)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    for number in range(flips + cuts):
        path = rng.choice(files)
        good = path.read_bytes()
        if number < flips:
            reach = 512 if len(good) > 4096 and rng.random() < 0.5 else len(good)
            bits = rng.sample(range(8 * reach), rng.choice([1, 1, 8]))
            bad = bytearray(good)
            for bit in bits:
                bad[bit // 8] ^= 1 << (bit % 8)
            what = f"{path.relative_to(folder)}: bits {bits} flipped"
        else:
            bad = bytearray(good[: rng.randrange(len(good))])
            what = f"{path.relative_to(folder)}: cut to {len(bad)} of {len(good)} bytes"
        path.write_bytes(bad)
        try:
            yield what
        finally:
            path.write_bytes(good)


# --- processes -------------------------------------------------------------------------------------------------------
def _child(gate: Connection, errors: socket.socket, target: Callable[..., Any], args: tuple[Any, ...]) -> None:
    gate.recv()
    code, said = 0, ""
    try:
        target(*args)
    except LimbeckError as error:
        code, said = error.exit_code, f"{type(error).__name__}: {error}"
    except BaseException:
        code, said = CRASHED, traceback.format_exc()
    with contextlib.suppress(OSError):
        errors.sendall(said.encode())  # a send, so that it is none of the writes that faults strike
    os._exit(code)


@dataclass
class Child:
    """A real process that waits at a gate.

    Args:
        process: the process.
        gate: send anything to let it run.
        errors: yields what its exception said.
    """

    process: ForkServerProcess
    gate: Connection
    errors: socket.socket

    @property
    def pid(self) -> int:
        """Process id."""
        return int(self.process.pid or 0)

    def go(self) -> Child:
        """Open the gate."""
        self.gate.send(None)
        return self

    def until(self, done: Callable[[], object], *, seconds: float = 60, every: float = 0.01) -> Child:
        """Waits until `done()` is true; fails the test where the child ends or time runs out before."""
        due = time.monotonic() + seconds
        while not done():
            if not self.process.is_alive() or time.monotonic() > due:
                pytest.fail(f"what the child was to do did not happen: {self.wait(seconds)}")
            time.sleep(every)
        return self

    def kill(self) -> None:
        """SIGKILL."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def wait(self, seconds: float = 60) -> Outcome:
        """Exit code and message; a child that outlives `seconds` is killed and fails the test."""
        said = b""
        self.errors.settimeout(seconds)
        with contextlib.suppress(OSError):
            while more := self.errors.recv(65536):
                said += more
        self.process.join(seconds)
        if self.process.is_alive():
            self.kill()
            self.process.join()
            pytest.fail(f"child {self.pid} was still running after {seconds} s")
        return Outcome(int(self.process.exitcode or 0), said.decode())


@dataclass(frozen=True)
class Outcome:
    """How a child ended.

    Args:
        code: exit code as in the module's docstring.
        said: its exception, or "".
    """

    code: int
    said: str

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self.code == -signal.SIGKILL


def spawn(target: Callable[..., Any], *args: Any) -> Child:
    """A child that runs `target(*args)` once `go()` is called."""
    gate, gate_end = _WORLD.Pipe()
    errors, errors_end = socket.socketpair()
    process = _WORLD.Process(target=_child, args=(gate_end, errors_end, target, args), daemon=True)
    process.start()
    gate_end.close()
    errors_end.close()
    return Child(process, gate, errors)


def run(target: Callable[..., Any], *args: Any, seconds: float = 60) -> Outcome:
    """Runs `target(*args)` in a real process."""
    return spawn(target, *args).go().wait(seconds)


def kill_at_random(target: Callable[..., Any], *args: Any, rng: random.Random, longest: float) -> Outcome:
    """Runs `target(*args)` and kills it after a random time of at most `longest` seconds."""
    child = spawn(target, *args).go()
    time.sleep(rng.uniform(0, longest))
    child.kill()
    return child.wait()


# --- syscalls --------------------------------------------------------------------------------------------------------
@functools.cache
def _strace_problem() -> str:
    if shutil.which("strace") is None:
        return "strace is not installed (apt-get install strace)"
    tried = subprocess.run(["strace", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "true"], capture_output=True)
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.decode(errors='replace')[:200]}"


def require_strace() -> None:
    """Skip, with the reason, where syscalls cannot be made to fail."""
    if _strace_problem():
        pytest.skip(_strace_problem())


WRITES = ("write", "pwrite64", "fsync", "fdatasync", "rename", "renameat", "renameat2", "ftruncate", "fallocate")


def syscalls(target: Callable[..., Any], *args: Any, names: tuple[str, ...] = WRITES) -> Counter[str]:
    """How often `target(*args)` makes each of these calls on the disk when nothing goes wrong."""
    outcome, lines = _traced(target, args, names, [])
    assert outcome.code == 0, outcome.said
    return Counter(name for line in lines for name in names if re.search(rf"\b{name}\(", line))


def inject(target: Callable[..., Any], *args: Any, call: str, when: int, fault: str) -> Outcome:
    """Runs `target(*args)` with a fault at its `when`-th `call` (from 1).

    Args:
        target: module-level function.
        *args: its arguments.
        call: name of the syscall. Counted a thread: keep the target to one thread of its own.
        when: 1 for the first.
        fault: `signal=KILL`, `error=EIO`, `error=ENOSPC`, ... The call itself does not happen under `error=`.
    """
    return _traced(target, args, (call,), ["-e", f"inject={call}:{fault}:when={when}"])[0]


def _traced(
    target: Callable[..., Any], args: tuple[Any, ...], names: tuple[str, ...], extra: list[str]
) -> tuple[Outcome, list[str]]:
    require_strace()
    child = spawn(target, *args)
    with tempfile.NamedTemporaryFile(prefix="limbeck-strace-") as log:
        command = ["strace", "-f", "-q", "-o", log.name, "-p", str(child.pid), "-e", f"trace={','.join(names)}", *extra]
        tracer = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _until_traced(child.pid, tracer)
            outcome = child.go().wait()
        finally:
            child.kill()
            tracer.wait(timeout=30)
        return outcome, Path(log.name).read_text(errors="replace").splitlines()


def _until_traced(pid: int, tracer: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and tracer.poll() is None:
        if not re.search(r"^TracerPid:\s*0$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE):
            return
        time.sleep(0.002)
    pytest.skip("strace could not attach to a child")


def python() -> list[str]:
    """The interpreter of this run, for tests that need a process from scratch."""
    return [sys.executable, "-X", "faulthandler"]

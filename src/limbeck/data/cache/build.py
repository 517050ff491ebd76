"""`build_cache`: run a frozen teacher once over every different (content, draw) and keep what it says."""

from __future__ import annotations

import functools
import operator
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from limbeck.core.artefact import MANIFEST, read_manifest, require_space, storage_errors, sweep, write_manifest
from limbeck.core.augmentation import Augmentation
from limbeck.core.encoder import Encoder
from limbeck.core.errors import ArtefactError, InterruptedRun, UsageError
from limbeck.core.source import Source
from limbeck.core.view import View
from limbeck.data.alone import alone
from limbeck.data.cache.encode import Spoken, Work, in_eval, prepared, spoken
from limbeck.data.cache.forecast import SHARD_ROWS, fitting, needed_rows, row_bytes, size_of
from limbeck.data.cache.key import CacheKey, cache_key
from limbeck.data.cache.store import SHARDS, Rounding, committed, write_shard

COMMIT_SECONDS = 60.0


@dataclass(frozen=True)
class CacheProgress:
    """How far a build is.

    Args:
        name: of the teacher.
        done: rows that are there, reused ones included.
        total: rows in all.
        reused: rows that an earlier build left.
        rate: rows a second of this build; 0 before the first.
        seconds_left: at that rate.
        note: something to tell, for example that another process builds the same cache.
    """

    name: str
    done: int
    total: int
    reused: int
    rate: float = 0.0
    seconds_left: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class CacheReport:
    """What a build did.

    Args:
        folder: of the cache.
        key: that it answers for.
        rows: different (content, draw) pairs that were asked for.
        computed: rows that the teacher looked at.
        reused: rows that were there.
        size: bytes of the whole folder.
        seconds: of the build.
        rounding: largest error of what is stored.
    """

    folder: Path
    key: CacheKey
    rows: int
    computed: int
    reused: int
    size: int
    seconds: float
    rounding: Rounding


def build_cache(
    teacher: Encoder,
    *,
    source: Source,
    indices: Iterable[int],
    view: View,
    name: str,
    folder: Path,
    teacher_fingerprint: str,
    draws: int = 0,
    augmentations: Sequence[Augmentation] = (),
    dtype: str = "float32",
    precision: str = "fp32",
    wants: Sequence[str] = ("pooled",),
    batch_size: int = 32,
    shard_rows: int = SHARD_ROWS,
    progress: Callable[[CacheProgress], None] | None = None,
) -> CacheReport:
    """Fill `folder` with the teacher's outputs; what is there already, whole and under this key, is reused.

    Use when the same rows are seen more than once: every epoch, arm and seed after the first reads instead of runs.
    It runs without gradient, in eval mode, at the thread count that is set. A kill loses at most one shard
    or a minute; of several builders of one folder one works and the others wait, then find everything there.

    Args:
        teacher: frozen encoder.
        source: rows.
        indices: which rows; those without the modality are passed over.
        view: the teacher's own preprocessing.
        name: shown in progress and manifest (`teacher.image`).
        folder: of this cache alone.
        teacher_fingerprint: hash of weights and revision.
        draws: augmented draws a row beside draw 0; a modality without augmentation stores draw 0 only.
        augmentations: applied before the view; those of other modalities are ignored.
        dtype: `float32`, or `float16` at half the size with the error measured and stated.
        precision: `fp32`, or `bf16` autocast with its error measured on the first batch of each build.
        wants: outputs to store; `tokens` need one length for all rows.
        batch_size: rows a forward pass.
        shard_rows: rows that are committed together; a kill loses at most these.
        progress: called about once a second.

    Returns:
        What was computed and reused, and the measured rounding.

    Raises:
        ArtefactError: the folder holds a cache of another key (the field is named), or the disk fails.
        ResourceError: the disk is too small (refused before the first byte) or filled up meanwhile.
        DataError: a row cannot be read, changed while it was read, or makes the teacher answer non-finite numbers.
        InterruptedRun: the user stopped it; what was computed is kept.
    """
    started = time.monotonic()
    key = cache_key(
        teacher,
        view=view,
        teacher_fingerprint=teacher_fingerprint,
        augmentations=augmentations,
        dtype=dtype,
        precision=precision,
        wants=wants,
    )
    tell = progress or (lambda _: None)
    needed = needed_rows(source, indices, key, draws=draws)
    with storage_errors(folder):
        (folder / SHARDS).mkdir(parents=True, exist_ok=True)
    waiting = CacheProgress(name, 0, len(needed), 0, note="another process builds it; waiting")
    with alone(folder, lambda: tell(waiting)):
        have, rounding = _survey(folder, key)
        todo = {address: row for address, row in needed.items() if address not in have}
        reused = len(needed) - len(todo)
        tell(CacheProgress(name, reused, len(needed), reused))
        if todo:
            each = row_bytes(teacher, source, next(iter(todo.values()))[0], view, key)
            require_space(folder, size_of(len(todo), each, shard_rows=shard_rows), f"the cache of {name}")
            work = Work(teacher, source, view, tuple(augmentations), key, draws, batch_size)
            writer = _Writer(folder, key, fitting(each, shard_rows))
            meter = _Meter(name, len(needed), reused, tell)
            try:
                with in_eval(teacher):
                    _run(work, todo, writer, meter)
            except KeyboardInterrupt:
                writer.commit()
                raise InterruptedRun(f"stopped; {folder} keeps what was computed, the same command goes on") from None
            writer.commit()
            rounding |= writer.rounding
        if todo or not _complete(folder):
            facts = {"key": asdict(key), "name": name, "rounding": asdict(rounding), "rows": len(have) + len(todo)}
            write_manifest(folder, "cache", facts)
    with storage_errors(folder):
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return CacheReport(folder, key, len(needed), len(todo), reused, size, time.monotonic() - started, rounding)


def _survey(folder: Path, key: CacheKey) -> tuple[set[bytes], Rounding]:
    """What earlier builds left. A cache of another key is refused before anything is touched."""
    sweep(folder)
    sweep(folder / SHARDS)
    have: set[bytes] = set()
    rounding = Rounding()
    for shard in committed(folder):
        shard.key.check(key, folder)
        have.update(shard.addresses)
        rounding |= shard.rounding
    return have, rounding


def _complete(folder: Path) -> bool:
    """Whether the manifest names exactly the shards that are there; their content was checked on the way."""
    if not (folder / MANIFEST).is_file():
        return False
    try:
        names = set(read_manifest(folder).files)
    except ArtefactError:
        return False
    return names == {path.relative_to(folder).as_posix() for path in (folder / SHARDS).glob("*.safetensors")}


def _run(work: Work, todo: dict[bytes, tuple[int, int]], writer: _Writer, meter: _Meter) -> None:
    items = list(todo.items())
    window = 4 * work.batch_size
    windows = [items[at : at + window] for at in range(0, len(items), window)]
    # Reading and decoding the next rows beside the teacher's forward pass; one thread, so sources need no locks.
    with ThreadPoolExecutor(1, thread_name_prefix="limbeck-cache") as reader:
        coming = reader.submit(prepared, work, windows[0])
        for number, _ in enumerate(windows):
            ready = coming.result()
            if number + 1 < len(windows):
                coming = reader.submit(prepared, work, windows[number + 1])
            for rows in spoken(work, ready, audit=number == 0):
                writer.add(rows)
                meter.step(len(rows.addresses))


class _Writer:
    """Collects rows and commits them as shards."""

    def __init__(self, folder: Path, key: CacheKey, rows: int) -> None:
        self.folder, self.key, self.rows = folder, key, rows
        self.rounding = Rounding()
        self._shapes: dict[str, tuple[int, ...]] = {}
        self._start()

    def add(self, rows: Spoken) -> None:
        for name, tensor in rows.tensors.items():
            first = self._shapes.setdefault(name, tuple(tensor.shape[1:]))
            if first != tuple(tensor.shape[1:]):
                raise UsageError(
                    f"'{name}' differs in shape between rows ({first} and {tuple(tensor.shape[1:])}); "
                    "a cache needs one shape, let the view pad every row to one length"
                )
        self._parts.append(rows)
        if sum(len(part.addresses) for part in self._parts) >= self.rows or time.monotonic() > self._due:
            self.commit()

    def commit(self) -> None:
        if self._parts:
            found = [address for part in self._parts for address in part.addresses]
            tensors = {name: torch.cat([part.tensors[name] for part in self._parts]) for name in self._parts[0].tensors}
            rounding = functools.reduce(operator.or_, (part.rounding for part in self._parts))
            write_shard(self.folder, self.key, found, tensors, rounding)
            self.rounding |= rounding
        self._start()

    def _start(self) -> None:
        self._parts: list[Spoken] = []
        self._due = time.monotonic() + COMMIT_SECONDS


class _Meter:
    """Rate and time left, told about once a second."""

    def __init__(self, name: str, total: int, reused: int, tell: Callable[[CacheProgress], None]) -> None:
        self.name, self.total, self.reused, self.tell = name, total, reused, tell
        self.done = reused
        self._started = self._told = time.monotonic()

    def step(self, rows: int) -> None:
        self.done += rows
        now = time.monotonic()
        if now - self._told >= 1 or self.done == self.total:
            rate = (self.done - self.reused) / max(now - self._started, 1e-9)
            self.tell(
                CacheProgress(self.name, self.done, self.total, self.reused, rate, (self.total - self.done) / rate)
            )
            self._told = now

"""Loaders: steps or rows of a source -> `Batch`."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor

from limbeck.core.augmentation import Augmentation, Jitter
from limbeck.core.errors import LimbeckError, UsageError
from limbeck.core.sample import Batch
from limbeck.core.source import Source
from limbeck.core.threads import torch_threads
from limbeck.core.view import View
from limbeck.core.workers import worker_deaths
from limbeck.data.assembler import Assembler
from limbeck.data.orders import Orders
from limbeck.data.packed import Packed, Place, pack
from limbeck.data.prepared import PreparedStore
from limbeck.data.sampler import MixedSampler

_AHEAD = 2  # orders on the way to each worker


class TrainLoader:
    """Batches of training steps; what step `s` holds depends on the sampler's seed and `s` alone.

    Use when a stage trains. Workers decode and prepare the rows that the store lacks, each row once however many they
    are; batches are put together in the calling process, which is the fastest way once the store holds every draw.

    Args:
        source: the rows.
        sampler: step -> (indices, draws).
        views: producer name -> what it eats.
        augmentations: applied before the views split.
        jitters: applied to every view of their modality, anew at each step, from the sampler's seed and the step.
        workers: processes that prepare rows; 0 prepares in this one.
        store: keeps what was prepared, in this process; None prepares every time.
    """

    def __init__(
        self,
        source: Source,
        *,
        sampler: MixedSampler,
        views: Mapping[str, View],
        augmentations: Sequence[Augmentation] = (),
        jitters: Sequence[Jitter] = (),
        workers: int = 0,
        store: PreparedStore | None = None,
    ) -> None:
        if workers < 0:
            raise UsageError(f"workers is a number of processes, got {workers}")
        self.source = source
        self.sampler = sampler
        self.views = dict(views)
        self.augmentations = tuple(augmentations)
        self.jitters = tuple(jitters)
        self.workers = workers
        self.store = store
        self._assembler = Assembler(source, views=views, augmentations=augmentations, store=store)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the label numbers."""
        return self._assembler.labels

    def batch_at(self, step: int) -> Batch:
        """The batch of one step."""
        return self.batch_of(step, {})

    def batch_of(self, step: int, made: dict[Place, Mapping[str, Tensor]]) -> Batch:
        """The batch of one step, of which some rows were prepared elsewhere."""
        batch = self._assembler.batch(*self.sampler.at(step), made)
        return self._jittered(batch, step) if self.jitters else batch

    def _jittered(self, batch: Batch, step: int) -> Batch:
        views = dict(batch.views)
        for place, jitter in enumerate(self.jitters):
            # one seed for all views: two students of one modality see the same change
            seed = int.from_bytes(sha256(f"{self.sampler.seed}\0{step}\0{place}".encode()).digest()[:8]) >> 1
            for name, view in self.views.items():
                if view.modality == jitter.modality:
                    views[name] = jitter(views[name], torch.Generator().manual_seed(seed))
        return replace(batch, views=views)

    def steps(self, start: int, stop: int) -> Iterator[Batch]:
        """Batches of the steps from `start` up to, not including, `stop`."""
        steps = range(start, stop)
        if self.workers == 0:
            orders = Orders(self._assembler, sampler=self.sampler, steps=steps)
            for step, order in zip(steps, orders, strict=True):
                yield self._brought(step, self._assembler.made(order), orders)
            return
        # Whoever waits for a batch is told of a worker's death by a signal, at any line.
        with worker_deaths():
            yield from self._from_workers(steps)

    def _brought(self, step: int, made: dict[Place, Mapping[str, Tensor]], orders: Orders) -> Batch:
        batch = self.batch_of(step, made)
        orders.arrived(made)
        return batch

    def _from_workers(self, steps: range) -> Iterator[Batch]:
        from torch.utils.data import DataLoader

        orders = Orders(self._assembler, sampler=self.sampler, steps=steps, spare=_spare(self.workers))
        loader: Any = DataLoader(
            _Rows(self),
            sampler=orders,  # type: ignore[arg-type]  # orders, which `_Rows` takes as an index
            batch_size=None,
            num_workers=self.workers,
            prefetch_factor=_AHEAD,
            collate_fn=_same,
        )
        with closing(_received(loader)) as received:
            for step, item in zip(steps, received, strict=True):
                if isinstance(item, LimbeckError):
                    raise item
                # Torch's other threads would wait for work by spinning, and take more from the workers than they save.
                with torch_threads(1):
                    batch = self._brought(step, item.unpack(), orders)
                yield batch


def _spare(workers: int) -> int:
    """Bytes that every order on the way may take of the memory through which workers send: a quarter of it in all."""
    with contextlib.suppress(OSError):
        return shutil.disk_usage("/dev/shm").free // (4 * _AHEAD * workers)
    return 0


def _received(loader: Iterable[Any]) -> Generator[Any]:
    """What workers send; a tensor whose sender died before it was fetched breaks a socket, which is the same death."""
    received: Any = iter(loader)
    try:
        yield from received
    except (ConnectionError, EOFError, RuntimeError) as error:
        passed_on = str(error).startswith("Caught ")  # raised by a worker that lives
        if passed_on or (isinstance(error, RuntimeError) and "ancdata" not in str(error)):
            raise
        raise RuntimeError(f"DataLoader worker gone before its batch was fetched: {error}") from error
    finally:
        # Ends the workers now, and torch's watch over them: its signal may come late and would be a second error.
        received._shutdown_workers()


class _Rows(torch.utils.data.Dataset[Any]):
    """Orders as items of a data set; an error that is the user's to fix crosses the process border as a value.

    What a worker has prepared it hands on and forgets: it is kept where batches are made, once for all workers.
    """

    def __init__(self, loader: TrainLoader) -> None:
        self.assembler = Assembler(loader.source, views=loader.views, augmentations=loader.augmentations)

    def __getitem__(self, order: Mapping[int, Sequence[int]]) -> Packed | LimbeckError:
        try:
            return pack(self.assembler.made(order))
        except LimbeckError as error:
            return error


def _same(item: Any) -> Any:
    """Instead of torch's conversion of what workers return."""
    return item


class EvalLoader:
    """Chosen rows in order, unchanged (draw 0), each time it is iterated.

    `target["content.<modality>"]` numbers the distinct raw values, -1 where there is none: rows with one number hold
    the same picture or the same words, which a metric counts once. Contents are hashed once a loader.

    Use when something is measured.

    Args:
        source: the rows.
        indices: which, in this order.
        views: producer name -> what it eats.
        batch_size: rows a batch; the last one may be shorter.
        store: keeps what was prepared.
    """

    def __init__(
        self,
        source: Source,
        *,
        indices: Sequence[int],
        views: Mapping[str, View],
        batch_size: int = 128,
        store: PreparedStore | None = None,
    ) -> None:
        if batch_size < 1:
            raise UsageError(f"batch_size is at least 1, got {batch_size}")
        self.source = source
        self.indices = tuple(int(index) for index in indices)
        self.views = dict(views)
        self.batch_size = batch_size
        self.store = store
        self._assembler = Assembler(source, views=views, store=store)

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the label numbers."""
        return self._assembler.labels

    def __len__(self) -> int:
        return -(-len(self.indices) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, len(self.indices), self.batch_size):
            chosen = self.indices[start : start + self.batch_size]
            batch = self._assembler.batch(chosen, [0] * len(chosen))
            numbers = {name: column[start : start + self.batch_size] for name, column in self._contents.items()}
            yield replace(batch, target={**batch.target, **numbers})

    @cached_property
    def _contents(self) -> dict[str, Tensor]:
        columns = {}
        for modality in sorted({view.modality for view in self.views.values()}):
            seen: dict[str, int] = {}
            numbers = [
                seen.setdefault(self.source.content(index, modality), len(seen))
                if modality in self.source.rows[index].modalities
                else -1
                for index in self.indices
            ]
            columns[f"content.{modality}"] = torch.tensor(numbers, dtype=torch.int64)
        return columns

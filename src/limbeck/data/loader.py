"""Loaders: steps or rows of a source -> `Batch`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from limbeck.core.view import View
from limbeck.core.workers import worker_deaths
from limbeck.data.augmentation.augment import augment, augmentation_fingerprint
from limbeck.data.facts import facts_of
from limbeck.data.prepared import PreparedStore
from limbeck.data.sampler import MixedSampler


class Assembler:
    """Rows of a source under given draws, as one batch for every view.

    Args:
        source: the rows.
        views: producer name (`student.image`) -> what it eats.
        augmentations: applied before the views split.
        store: keeps what was prepared; None prepares every time.
    """

    def __init__(
        self,
        source: Source,
        *,
        views: Mapping[str, View],
        augmentations: Sequence[Augmentation] = (),
        store: PreparedStore | None = None,
    ) -> None:
        self.source = source
        self.views = dict(views)
        self.augmentations = tuple(augmentations)
        self.store = store
        self._keys = {name: self._key(view, drawn=False) for name, view in self.views.items()}
        self._drawn = {name: self._key(view, drawn=True) for name, view in self.views.items()}
        facts = facts_of(source)
        self._groups, self._present = facts.groups, facts.present
        self._labels, self.labels = facts.labels
        self._domains, self.domains = facts.domains

    def batch(self, indices: Sequence[int], draws: Sequence[int]) -> Batch:
        """The rows in the order given."""
        numbers, drawn = [int(number) for number in indices], [int(draw) for draw in draws]
        index = torch.tensor(numbers, dtype=torch.int64)
        present = {modality: here[index] for modality, here in self._present.items()}
        prepared = {name: self._at_hand(name, view, numbers, drawn) for name, view in self.views.items()}
        for place in self._lacking(prepared, present):
            for name, tensors in self._prepare(numbers[place], drawn[place]).items():
                prepared[name][place] = tensors
        target = {"group": self._groups[index]}
        if self.labels:
            target["label"] = self._labels[index]
        if self.domains:
            target["domain"] = self._domains[index]
        return Batch(
            views={name: view.collate(prepared[name]) for name, view in self.views.items()},
            present=present,
            index=index,
            draw=torch.tensor(drawn, dtype=torch.int64),
            target=target,
        )

    def _at_hand(
        self, name: str, view: View, indices: Sequence[int], draws: Sequence[int]
    ) -> list[Mapping[str, Tensor] | None]:
        """What the store has of these rows: in short runs this is most of the work of a batch."""
        if self.store is None:
            return [None] * len(indices)
        plain, drawn = self._keys[name], self._drawn[name]
        if plain == drawn:
            return self.store.get_many(indices, [0] * len(indices), plain)
        if all(draws):
            return self.store.get_many(indices, draws, drawn)
        pairs = zip(indices, draws, strict=True)
        return [self.store.get_many((index,), (draw,), drawn if draw else plain)[0] for index, draw in pairs]

    def _lacking(self, prepared: Mapping[str, Sequence[object]], present: Mapping[str, Tensor]) -> list[int]:
        """Places whose row some view has still to prepare."""
        found: set[int] = set()
        for name, rows in prepared.items():
            if None not in rows:
                continue
            here = present.get(self.views[name].modality)
            there = here.tolist() if here is not None else [False] * len(rows)
            found.update(place for place, row in enumerate(rows) if row is None and there[place])
        return sorted(found)

    def _key(self, view: View, *, drawn: bool) -> str:
        """What the prepared tensors of a view depend on beside row and draw: views of one spec share them."""
        parts = [part for part in self.augmentations if part.modality == view.modality]
        return f"{view.fingerprint()} {augmentation_fingerprint(parts)}" if drawn and parts else view.fingerprint()

    def _prepare(self, index: int, draw: int) -> dict[str, Mapping[str, Tensor] | None]:
        found: dict[str, Mapping[str, Tensor] | None] = {}
        sample = None
        for name, view in self.views.items():
            if view.modality not in self.source.rows[index].modalities:
                found[name] = None
                continue
            # A modality that nothing augments is the same under every draw: it is prepared and kept once.
            key = self._drawn[name] if draw else self._keys[name]
            own = draw if key != self._keys[name] else 0
            kept = self.store.get(index, own, key) if self.store is not None else None
            if kept is None:
                sample = sample or augment(self.source.sample(index), draw, self.augmentations)
                try:
                    kept = view.prepare(sample.values[view.modality])
                except LimbeckError as error:
                    raise type(error)(f"row {sample.id}: {error}") from error
                if self.store is not None:
                    self.store.put(index, own, key, kept)
            found[name] = kept
        return found


class TrainLoader:
    """Batches of training steps; what step `s` holds depends on the sampler's seed and `s` alone.

    Use when a stage trains. Without workers batches are made in the calling process, which is the fastest way once
    the store holds every draw; workers help while pictures are being decoded on a machine with idle cores.

    Args:
        source: the rows.
        sampler: step -> (indices, draws).
        views: producer name -> what it eats.
        augmentations: applied before the views split.
        jitters: applied to every view of their modality, anew at each step, from the sampler's seed and the step.
        workers: processes that prepare batches; 0 prepares in this one.
        store: keeps what was prepared (each worker keeps its own); None prepares every time.
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
        batch = self._assembler.batch(*self.sampler.at(step))
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
        if self.workers == 0:
            for step in range(start, stop):
                yield self.batch_at(step)
            return
        yield from self._from_workers(range(start, stop))

    def _from_workers(self, steps: range) -> Iterator[Batch]:
        from torch.utils.data import DataLoader

        loader: Any = DataLoader(
            _Steps(self), sampler=steps, batch_size=None, num_workers=self.workers, prefetch_factor=2
        )
        with worker_deaths():
            for item in _received(loader):
                if isinstance(item, LimbeckError):
                    raise item
                yield item


def _received(loader: Iterable[Any]) -> Iterator[Any]:
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


class _Steps(torch.utils.data.Dataset[Any]):
    """Steps as the items of a data set; an error that is the user's to fix crosses the process border as a value."""

    def __init__(self, loader: TrainLoader) -> None:
        self.loader = loader

    def __getitem__(self, step: int) -> Batch | LimbeckError:
        try:
            return self.loader.batch_at(step)
        except LimbeckError as error:
            return error


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

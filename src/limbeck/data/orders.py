"""`Orders`: what has to be prepared for each step of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from math import inf

from torch import Tensor

from limbeck.data.assembler import Assembler
from limbeck.data.packed import Place
from limbeck.data.prepared import PreparedStore
from limbeck.data.sampler import MixedSampler

_VISITS = 1_000_000
"""Rows of steps that are looked at beforehand: a dictionary of as many numbers, a fraction of a second."""


class Orders:
    """For each step, row -> draws that are to be prepared for it: what the store lacks and no earlier order brings.

    Use when batches are made step after step. Reading and decoding a large picture takes longer than changing it, so
    that a row is ordered under all draws that the coming steps will see it under, while the store has room for them.

    Args:
        assembler: knows what a row consists of; its store keeps what comes.
        sampler: step -> (indices, draws).
        steps: of the run, in order.
        spare: bytes that an order may bring beyond what its step needs.
    """

    def __init__(self, assembler: Assembler, *, sampler: MixedSampler, steps: range, spare: float = inf) -> None:
        self.assembler = assembler
        self.sampler = sampler
        self.steps = steps
        self.spare = spare
        self._coming: set[Place] = set()

    def __iter__(self) -> Iterator[dict[int, list[int]]]:
        store = self.assembler.store
        for step in self.steps:
            order: dict[int, list[int]] = {}
            for (index, draw), places in self.assembler.lacking(*self.sampler.at(step), self._coming).items():
                order.setdefault(index, []).append(draw)
                if store is not None:
                    self._coming.update(places)
            if order and store is not None and not store.full:
                self._extend(order, store)
            yield order

    def arrived(self, made: Mapping[Place, Mapping[str, Tensor]]) -> None:
        """What an order has brought stands in the store now, or did not fit and has to be ordered again."""
        self._coming.difference_update(made)

    def _extend(self, order: dict[int, list[int]], store: PreparedStore) -> None:
        """Add the other draws under which these rows will be seen."""
        room = None
        for index, draws in order.items():
            others = self._draws(index)
            for (_, draw), places in self.assembler.lacking([index] * len(others), others, self._coming).items():
                room = self._room(store, index, draws) if room is None else room
                if room < len(places):
                    return
                room -= len(places)
                draws.append(draw)
                self._coming.update(places)

    def _room(self, store: PreparedStore, index: int, draws: list[int]) -> float:
        """Places that an order may hold beyond its step's own; `index` and `draws` are of one row of it."""
        if self.spare == inf:
            return inf
        if not store.largest:  # nobody knows yet how large a row is: prepare one here
            self.assembler.made({index: draws})
        return self.spare // max(1, store.largest)

    def _draws(self, index: int) -> list[int]:
        """Draws under which the steps that were looked at see a row, ascending."""
        bits = self._seen.get(index, 0)
        return [draw for draw in range(bits.bit_length()) if bits >> draw & 1]

    @cached_property
    def _seen(self) -> dict[int, int]:
        """Row -> its draws as bits."""
        seen: dict[int, int] = {}
        visits = 0
        for step in self.steps:
            indices, draws = self.sampler.at(step)
            for index, draw in zip(indices, draws, strict=True):
                seen[index] = seen.get(index, 0) | 1 << draw
            visits += len(indices)
            if visits >= _VISITS:
                break
        return seen

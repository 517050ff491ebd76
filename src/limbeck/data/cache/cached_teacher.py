"""`CachedTeacher`: the stored twin of `LiveTeacher`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import torch
from jaxtyping import Int
from torch import Tensor

from limbeck.core.encoder import Teacher
from limbeck.core.errors import ArtefactError, UsageError, unknown
from limbeck.core.features import Features
from limbeck.core.sample import Batch
from limbeck.data.cache.key import CacheKey
from limbeck.data.cache.store import Rounding

ABSENT = -1  # the row has no such modality
MISSING = -2  # the row has it, but the cache was built without
_FIELDS = ("pooled", "tokens", "mask")


class CachedTeacher(Teacher):
    """Answers from a store, found by `batch.index` and `batch.draw`; needs no view.

    Use when the teacher costs more than reading: the same features as the live teacher within the stated rounding.
    Rows whose modality is absent are zeros. `open_cache` makes one.

    Args:
        store: output -> one tensor for every shard, `(rows, ...)`; one tensor when all of it is in memory.
        table: position among the stored rows for each (index of the source, draw), or `ABSENT`, or `MISSING`. A single
            column serves every draw: the modality is not augmented.
        key: what the store answers for.
        name: of the view that the live twin eats.
        rounding: measured when the store was written.
        where: the folder, for messages.
    """

    def __init__(
        self,
        store: Mapping[str, Sequence[Tensor]],
        *,
        table: Int[Tensor, "rows draws"],
        key: CacheKey,
        name: str,
        rounding: Rounding,
        where: str,
    ) -> None:
        self.store = store
        self.table = table
        self.key = key
        self.name = name
        self.rounding = rounding
        self.where = where
        self.modality = key.modality
        self.width = key.width
        self.outputs = key.outputs
        lengths = torch.tensor([0, *(len(part) for part in next(iter(store.values())))])
        self._starts = lengths.cumsum(0)

    def __call__(self, batch: Batch, *, want: Collection[str] = ("pooled",)) -> Features:
        """Stored features of every row, as float32.

        Raises:
            UsageError: an output that is not stored.
            ArtefactError: a row or a draw that the cache was built without.
        """
        for name in want:
            if name not in self.outputs:
                raise UsageError(unknown("output", name, self.outputs, where=f"cache {self.where}"))
        names = [*want, *(["mask"] if "mask" in self.store and set(want) - {"pooled"} else [])]
        position = self._positions(batch.index.cpu(), batch.draw.cpu())
        device = batch.index.device
        found = {name: self._gather(name, position).to(device) for name in dict.fromkeys(names)}
        found = _trimmed(found)
        extras = {name: value for name, value in found.items() if name not in _FIELDS}
        return Features(found.get("pooled"), found.get("tokens"), found.get("mask"), extras)

    def fingerprint(self) -> str:
        """That of the live twin; with the dtype where the store rounds."""
        return self.key.identity()

    def _positions(self, index: Tensor, draw: Tensor) -> Tensor:
        rows, draws = self.table.shape
        if draws == 1 and not self.key.augmentation:
            draw = torch.zeros_like(draw)
        for what, asked, stored in (("row", index, rows), ("draw", draw, draws)):
            outside = asked[(asked < 0) | (asked >= stored)]
            if len(outside):
                raise ArtefactError(
                    f"cache {self.where} was opened for {what}s 0 to {stored - 1}; {what} {int(outside[0])} was asked, "
                    f"build and open it with more {what}s"
                )
        position = self.table[index.long(), draw.long()]
        if bool((position == MISSING).any()):
            row = int(index[position == MISSING][0])
            raise ArtefactError(f"cache {self.where} holds no {self.modality} of row {row}; build it again")
        return position

    def _gather(self, name: str, position: Tensor) -> Tensor:
        parts = self.store[name]
        if len(parts) == 1:
            found = _widened(parts[0].index_select(0, position.clamp_min(0)))
            absent = position == ABSENT
            if bool(absent.any()):
                found[absent] = 0
            return found
        shape = parts[0].shape[1:] if parts else (self.width,)
        nothing = torch.zeros(shape, dtype=parts[0].dtype if parts else torch.float32)
        shard = torch.bucketize(position, self._starts, right=True) - 1
        row = position - self._starts[shard.clamp_min(0)]
        # Row by row: a batch touches about as many shards as it has rows, so that there is nothing to do at once.
        rows = [parts[s][r] if s >= 0 else nothing for s, r in zip(shard.tolist(), row.tolist(), strict=True)]
        return _widened(torch.stack(rows) if rows else nothing.new_zeros((0, *shape)))


def _trimmed(found: dict[str, Tensor]) -> dict[str, Tensor]:
    """Token axes cut to the longest row of the batch, as the live twin's are."""
    mask = found.get("mask")
    if mask is None or mask.ndim != 2:
        return found
    stored, longest = mask.shape[1], max(1, int(mask.sum(1).max())) if len(mask) else 1

    def cut(name: str, value: Tensor) -> Tensor:
        if value.ndim == 4 and value.shape[2:] == (stored, stored):  # attention maps
            return value[:, :, :longest, :longest]
        return value[:, :longest] if value.ndim > 1 and value.shape[1] == stored and name != "pooled" else value

    return {name: cut(name, value) for name, value in found.items()}


def _widened(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value

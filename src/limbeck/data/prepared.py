"""`PreparedStore`: what views have prepared, kept in memory up to a limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.data.packed import Place


class PreparedStore:
    """(index, draw, key) -> prepared tensors of one source; when full it keeps what it has and takes nothing more.

    Use when rows are seen again and again: each draw of a row is then decoded once. Keeping the first rows beats
    throwing out the oldest: under a shuffled order nothing that is thrown out would come back sooner than what is kept.

    Args:
        limit: bytes of tensors kept in this process.

    Attributes:
        used: bytes that are kept.
        largest: bytes of the largest that was brought.
        full: whether something was turned away.
    """

    def __init__(self, *, limit: int = 2_000_000_000) -> None:
        if limit < 0:
            raise UsageError(f"a store's limit is a number of bytes, got {limit}")
        self.limit = limit
        self.used = 0
        self.largest = 0
        self.full = False
        self.hits = 0
        self.misses = 0
        self._kept: dict[Place, Mapping[str, Tensor]] = {}

    def get(self, index: int, draw: int, key: str) -> Mapping[str, Tensor] | None:
        """The prepared tensors, or None."""
        found = self._kept.get((index, draw, key))
        if found is None:
            self.misses += 1
        else:
            self.hits += 1
        return found

    def get_many(self, indices: Sequence[int], draws: Sequence[int], key: str) -> list[Mapping[str, Tensor] | None]:
        """The prepared tensors of many rows at once; misses are counted by whoever then asks for each."""
        kept = self._kept
        found = [kept.get((index, draw, key)) for index, draw in zip(indices, draws, strict=True)]
        self.hits += len(found) - found.count(None)
        return found

    def put(self, index: int, draw: int, key: str, tensors: Mapping[str, Tensor]) -> None:
        """Keep the tensors if there is room."""
        size = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
        if (index, draw, key) in self._kept:
            return
        self.largest = max(self.largest, size)
        self.full = self.full or self.used + size > self.limit
        if self.used + size <= self.limit:
            self._kept[index, draw, key] = tensors
            self.used += size

    def __contains__(self, place: Place) -> bool:
        """Whether (index, draw, key) is kept; counts as neither hit nor miss."""
        return place in self._kept

    def __len__(self) -> int:
        return len(self._kept)

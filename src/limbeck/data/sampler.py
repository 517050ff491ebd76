"""`MixedSampler`: which rows, under which draw, a step sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from limbeck.core.errors import UsageError, unknown


class MixedSampler:
    """A batch of fixed composition as a pure function of the seed and the step, so that a resumed run just goes on.

    Each kind of row is shuffled anew every epoch. Rows left over at the end of an epoch that do not fill a batch are
    left out of that epoch (other ones each time): no row comes twice in a batch unless the batch is larger than the
    kind, which is then repeated in whole permutations.

    Use when complete and incomplete rows train together: `{"image+text": 256, "text": 512}`.

    Args:
        kinds: kind of row -> indices in the source.
        batch: kind of row -> rows a batch, in the order they take in the batch.
        draws: stored augmentation draws of each kind; a kind without any is seen as it is, else each row gets a draw
            from 1 to that number. One number holds for every kind.
        seed: of order and draws.

    Raises:
        UsageError: a kind that the data does not have, or an empty batch.
    """

    def __init__(
        self,
        kinds: Mapping[str, Sequence[int]],
        *,
        batch: Mapping[str, int],
        draws: int | Mapping[str, int] = 0,
        seed: int = 0,
    ) -> None:
        for kind, rows in batch.items():
            if kind not in kinds or not len(kinds[kind]):
                raise UsageError(unknown("kind of row", kind, [name for name in kinds if len(kinds[name])]))
            if rows < 1:
                raise UsageError(f"a batch needs at least 1 row of kind '{kind}', got {rows}")
        each = {kind: draws if isinstance(draws, int) else draws.get(kind, 0) for kind in batch}
        if min(each.values(), default=-1) < 0:
            raise UsageError(f"a batch needs at least one kind of row and draws >= 0, got {dict(batch)} and {draws}")
        self.kinds = {kind: np.asarray(rows, dtype=np.int64) for kind, rows in kinds.items()}
        self.batch = dict(batch)
        self.draws = draws
        self._highest = np.concatenate([np.full(size, each[kind], dtype=np.int64) for kind, size in batch.items()])
        self.seed = seed
        self._kept: dict[tuple[str, int], NDArray[np.int64]] = {}

    def at(self, step: int) -> tuple[list[int], list[int]]:
        """Indices and draws of step `step` (from 0), each of the batch's length."""
        if step < 0:
            raise UsageError(f"a step is counted from 0, got {step}")
        indices = np.concatenate([self._rows(kind, size, step) for kind, size in self.batch.items()])
        # drawn for every place, so that the draws of one kind do not depend on whether another kind has any
        drawn = self._generator("draws", step).integers(1, np.maximum(self._highest, 1) + 1)
        return indices.tolist(), np.where(self._highest > 0, drawn, 0).tolist()

    def epoch_steps(self, kind: str) -> int:
        """Steps in which every row of the kind is seen about once."""
        return max(1, len(self.kinds[kind]) // self.batch[kind])

    def _rows(self, kind: str, size: int, step: int) -> NDArray[np.int64]:
        count = len(self.kinds[kind])
        if size > count:
            rounds = -(-size // count)
            orders = [self._order(kind, step * rounds + number) for number in range(rounds)]
            return np.concatenate(orders)[:size]
        epoch, place = divmod(step, count // size)
        return self._order(kind, epoch)[place * size : (place + 1) * size]

    def _order(self, kind: str, epoch: int) -> NDArray[np.int64]:
        if (kind, epoch) not in self._kept:
            for old in [key for key in self._kept if key[0] == kind][:-4]:
                del self._kept[old]
            self._kept[kind, epoch] = self._generator(kind, epoch).permutation(self.kinds[kind])
        return self._kept[kind, epoch]

    def _generator(self, name: str, number: int) -> np.random.Generator:
        seed = sha256(f"{self.seed}\0{name}\0{number}".encode()).digest()
        return np.random.Generator(np.random.PCG64(int.from_bytes(seed)))

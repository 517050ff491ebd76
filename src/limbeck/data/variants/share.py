"""`ShareSource`: less training data; the option `share`."""

from __future__ import annotations

from limbeck.core.errors import UsageError
from limbeck.core.source import Source
from limbeck.data.subset import SubsetSource
from limbeck.data.varied import drawn


class ShareSource(SubsetSource):
    """A share of the training rows and every held-out row; rows of one group stay or go together.

    Use when quality is asked as a function of the amount of data. Under one seed a smaller share is part of a larger.

    Args:
        source: what is varied.
        share: of the training groups that stay, above 0 and at most 1.
        seed: which ones.
    """

    def __init__(self, source: Source, *, share: float, seed: int = 0) -> None:
        if not 0 < share <= 1:
            raise UsageError(f"share is above 0 and at most 1, got {share}")
        self.share = share
        self.seed = seed
        names = [row.group or row.id for row in source.rows]
        training = [row.split in ("train", "") for row in source.rows]
        kept = drawn(
            (name for name, train in zip(names, training, strict=True) if train), share, seed=seed, salt="share"
        )
        keep = [n for n, name in enumerate(names) if not training[n] or name in kept]
        super().__init__(source, keep=keep)

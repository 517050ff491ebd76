"""Small evaluation sets and pass-through encoders for the tests of evaluators."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from limbeck.core.encoder import Encoder
from limbeck.core.features import Features
from limbeck.core.sample import Batch
from limbeck.core.view import View

CLASSES = tuple(f"class{number}" for number in range(8))


class Passing(Encoder):
    """Returns the vector that it is given."""

    outputs = ("pooled",)

    def __init__(self, modality: str, width: int) -> None:
        super().__init__()
        self.modality = modality
        self.width = width

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        return Features(pooled=view["vector"])


class Constant(Passing):
    """Says the same of everything."""

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        return Features(pooled=torch.ones_like(view["vector"]))


class ClassView(View):
    """The unit vector of the class that a sentence names."""

    modality = "text"

    def __init__(self, width: int) -> None:
        self.width = width

    def prepare(self, value: object) -> Mapping[str, Tensor]:
        found = [number for number, name in enumerate(CLASSES) if name in str(value)]
        return {"vector": torch.eye(self.width)[found[0]]}

    def collate(self, rows: Sequence[Mapping[str, Tensor] | None]) -> Mapping[str, Tensor]:
        return {"vector": torch.stack([row["vector"] for row in rows if row is not None])}

    def fingerprint(self) -> str:
        return "class view"


def batches(
    vectors: Mapping[str, NDArray[np.floating]],
    *,
    target: Mapping[str, Sequence[int]] | None = None,
    present: Mapping[str, Sequence[bool]] | None = None,
    order: Sequence[int] | None = None,
    size: int = 7,
) -> list[Batch]:
    """An evaluation loader over given vectors, in batches of `size`, in any row order."""
    n = len(next(iter(vectors.values())))
    rows = torch.tensor(list(range(n) if order is None else order))
    whole = Batch(
        views={
            name: {"vector": torch.tensor(np.asarray(value), dtype=torch.float32)} for name, value in vectors.items()
        },
        present={name: torch.tensor((present or {}).get(name, [True] * n)) for name in vectors},
        index=torch.arange(n),
        draw=torch.zeros(n, dtype=torch.long),
        target={name: torch.tensor(value) for name, value in (target or {}).items()},
    )
    return whole.rows(rows).split(size)


def perfect(n: int = 48) -> dict[str, NDArray[np.float64]]:
    """Image and text agree row by row, and each row leans to its class (row modulo 8)."""
    width = len(CLASSES) + n
    rows = 0.3 * np.eye(n, width, len(CLASSES)) + np.eye(width)[np.arange(n) % len(CLASSES)]
    return {"image": rows, "text": rows.copy()}


def models(vectors: Mapping[str, NDArray[np.floating]], kind: type[Passing] = Passing) -> dict[str, Encoder]:
    """One pass-through encoder a modality."""
    return {name: kind(name, value.shape[1]) for name, value in vectors.items()}

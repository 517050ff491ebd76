"""`Study`: a claim that no recipe can express, such as a closed-form alignment, an analysis or a speed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import ArrayLike

from limbeck.core.encoder import Encoder
from limbeck.core.recipe import Claim, Recipe

Scores = Mapping[str, ArrayLike]
METHOD = "method"


class Lab(Protocol):
    """What a study may use: data and teachers opened once, and short training runs."""

    cache: Path

    def bench(self, recipe: Recipe) -> Any:
        """Data and teacher of a recipe: `.source`, `.rows` (train, validation, test), `.models`."""
        ...

    def trial(self, recipe: Recipe, *, seed: int) -> Any:
        """A light run of a recipe: `.encoders`, `.parts`, `.source`, `.rows`, `.taught`, `.student`, `.seconds`."""
        ...

    def embed(self, encoders: Mapping[str, Encoder], trial: Any, split: str) -> Any:
        """Vectors of the rows of a split: `.vectors[modality]`, `(n, d)` in row order."""
        ...


@dataclass(frozen=True)
class Study:
    """Arms that are measured by a function of their own, held to the same seeds, intervals and verdict as recipes.

    A public zero-argument function in `limbeck.recipes.papers` that is annotated `-> Study` returns one.

    Args:
        name: of the claim.
        measure: (seed, lab) -> arm -> metric -> one value an item; the arm `method` and one for each label of the
            claim's baselines, with the same items in the same order for every arm and seed. A pure function.
        claim: what is measured.
        chance: what an arm that knows nothing scores; None where that has no meaning.
    """

    name: str
    measure: Callable[[int, Lab], Mapping[str, Scores]]
    claim: Claim
    chance: float | None = None

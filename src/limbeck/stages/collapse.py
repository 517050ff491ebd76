"""Tells a student that has collapsed from one that learns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

EVERY = 20
PATIENCE = 5
SPREAD = 1e-4
RANK = 1.05


def spread_and_rank(pooled: Float[Tensor, "n d"]) -> tuple[float, float]:
    """How far normalised rows are apart, and in how many directions.

    spread = 1 - |mean of the unit rows|^2 (0: all rows are the same, 1: they cancel)
    rank = (sum of the covariance's eigenvalues)^2 / sum of their squares (participation ratio, 1 to min(n - 1, d))

    The ratio needs no decomposition: both sums are traces of the Gram matrix.
    """
    unit = torch.nn.functional.normalize(pooled.float(), dim=-1)
    centred = unit - unit.mean(0)
    variance = centred.square().sum() / len(unit)
    small = centred @ centred.T if len(centred) < centred.shape[1] else centred.T @ centred
    rank = centred.square().sum().square() / small.square().sum().clamp_min(1e-30)
    return float(variance), float(rank)


class Collapse:
    """Flags a student whose embeddings stay constant, or on one line, for five looks on end (20 steps apart).

    One look is not enough: many networks start with rows that are nearly alike and leave that state within a few
    dozen steps.
    """

    def __init__(self) -> None:
        self.bad: dict[str, int] = {}
        self.flagged: dict[str, str] = {}

    def due(self, step: int) -> bool:
        """Whether update `step` (from 1) is looked at."""
        return step % EVERY == 0

    def look(self, step: int, pooled: Mapping[str, Tensor]) -> tuple[dict[str, float], list[str]]:
        """Numbers for the log, and warnings that are new."""
        log: dict[str, float] = {}
        new: list[str] = []
        for name, value in pooled.items():
            if value.ndim != 2 or len(value) < 3 or value.shape[1] < 2:
                continue
            spread, rank = spread_and_rank(value)
            log |= {f"spread.{name}": spread, f"rank.{name}": rank}
            constant = not spread > SPREAD
            self.bad[name] = self.bad.get(name, 0) + 1 if constant or rank < RANK else 0
            if self.bad[name] >= PATIENCE and name not in self.flagged:
                what = f"all rows alike, spread {spread:.1e}" if constant else f"one direction left, rank {rank:.2f}"
                self.flagged[name] = (
                    f"'{name}' has collapsed at step {step} ({what}); "
                    "lower the learning rate, or add a contrastive term"
                )
                new.append(self.flagged[name])
        return log, new

    def state(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return {"bad": self.bad, "flagged": self.flagged}

    def load(self, state: Mapping[str, Any]) -> None:
        """Back to a saved state."""
        self.bad, self.flagged = dict(state["bad"]), dict(state["flagged"])

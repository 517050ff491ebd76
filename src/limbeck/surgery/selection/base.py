"""`Selection`: which units of a network stay."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class Selection(ABC):
    """A rule that keeps some units of each group of a transformer (see `TransformerUnits`)."""

    @abstractmethod
    def choose(self, source: nn.Module, keep: Mapping[str, int]) -> dict[str, Int[Tensor, " k"]]:
        """Group -> numbers of the units that stay, rising; as many as `keep` says.

        Args:
            source: an encoder with a `tower` of `transformers` and a `head`.
            keep: group -> how many units stay, at least 1 and at most as many as there are.
        """


def best(score: Float[Tensor, " units"], count: int) -> Int[Tensor, " k"]:
    """Numbers of the `count` largest scores, rising; of equal ones the first."""
    return torch.sort(torch.argsort(score.detach(), descending=True, stable=True)[:count]).values

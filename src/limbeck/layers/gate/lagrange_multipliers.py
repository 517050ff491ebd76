"""`LagrangeMultipliers`: prices of a constraint that rise while it is broken."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class LagrangeMultipliers(nn.Module):
    """Two numbers whose gradient is turned round: what descends on the loss climbs on them.

    Use when `LagrangianSparsityLoss` is to hold a network at a density without a weight to be chosen by hand.

    Args:
        gain: multiplier = gain * parameter; at a learning rate of 0.001 a gain of 10 moves a price by 0.01 a step.

    Attributes:
        outputs: `linear` and `quadratic`, scalars, 0 at first.

    Source: Wang et al. 2019, arXiv 1910.04732 (eq. 9), as in TinyCLIP, Wu et al. 2023, arXiv 2309.12314.
    """

    rowless = ("linear", "quadratic")

    def __init__(self, gain: float = 10.0) -> None:
        super().__init__()
        self.gain = gain
        self.first = nn.Parameter(torch.zeros(()))
        self.second = nn.Parameter(torch.zeros(()))

    def forward(self) -> dict[str, Float[Tensor, ""]]:
        """Both prices; their gradient has the opposite sign."""
        return {"linear": self.gain * _turned(self.first), "quadratic": self.gain * _turned(self.second)}


def _turned(value: Tensor) -> Tensor:
    """`value`, with its gradient times -1."""
    return 2 * value.detach() - value

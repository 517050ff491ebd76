"""`HardConcreteGate`: a number in [0, 1] for each unit that can learn to be exactly 0."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

_LOW, _HIGH = -0.1, 1.1


class HardConcreteGate(nn.Module):
    """A stretched and clipped binary concrete variable for each unit.

    training:   z = clip(s (high - low) + low, 0, 1),  s = sigmoid((log u - log(1 - u) + a) / temperature)
    evaluation: z = clip(sigmoid(a) (high - low) + low, 0, 1)
    P(z > 0) = sigmoid(a - temperature log(-low / high)),  low = -0.1, high = 1.1

    Use when which units stay is to be learned by gradient while their number is held by a penalty on `open`.

    Args:
        units: number of gates.
        start: a at first; 2.5 is open (z = 1 in evaluation).
        gain: a = start + gain * parameter, so that gates move as fast as they must at the weights' learning rate.
        temperature: of the concrete variable, > 0.

    Source: Louizos et al. 2017, arXiv 1712.01312; as masks of CLIP's units in TinyCLIP, Wu et al. 2023,
    arXiv 2309.12314.

    Differs from the paper: the gain.
    """

    def __init__(self, units: int, *, start: float = 2.5, gain: float = 10.0, temperature: float = 2 / 3) -> None:
        super().__init__()
        self.units = units
        self.start = start
        self.gain = gain
        self.temperature = temperature
        self.shift = nn.Parameter(torch.zeros(units))

    @property
    def location(self) -> Float[Tensor, " units"]:
        """The a of the equations: larger is more open."""
        return self.start + self.gain * self.shift

    def open(self) -> Float[Tensor, " units"]:
        """Probability that each gate is not 0."""
        return torch.sigmoid(self.location - self.temperature * math.log(-_LOW / _HIGH))

    def forward(self) -> Float[Tensor, " units"]:
        """A draw in training, the deterministic gate in evaluation; in [0, 1]."""
        location = self.location
        if self.training:
            noise = torch.rand_like(location).clamp(1e-6, 1 - 1e-6)
            location = (torch.logit(noise) + location) / self.temperature
        return (torch.sigmoid(location) * (_HIGH - _LOW) + _LOW).clamp(0.0, 1.0)

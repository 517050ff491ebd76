"""`GatedWeight`: a weight times the gates of the units that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor, nn


class _Drawn(Protocol):
    def drawn(self, group: str) -> Tensor: ...


class GatedWeight(nn.Module):
    """w'_ij = w_ij z_unit(i)  along each gated axis; for `torch.nn.utils.parametrize`.

    Use when a gate shall act inside somebody else's module without a change of its code; taking the parametrization off
    leaves the product in the weight.

    Args:
        axes: (group, axis of the weight, numbers a unit).
        bank: gives the gates of a group; not registered here, since many weights share it.

    Source: own; as masks on heads and neurons in Michel et al. 2019, arXiv 1905.10650.
    """

    def __init__(self, axes: Sequence[tuple[str, int, int]], *, bank: _Drawn) -> None:
        super().__init__()
        self.axes = tuple(axes)
        self._bank = (bank,)

    @property
    def bank(self) -> _Drawn:
        """Where the gates come from."""
        return self._bank[0]

    def forward(self, weight: Tensor) -> Tensor:
        """The gated weight."""
        for group, position, block in self.axes:
            shape = [-1 if number == position else 1 for number in range(weight.ndim)]
            weight = weight * self.bank.drawn(group).repeat_interleave(block).reshape(shape)
        return weight

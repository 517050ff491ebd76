"""Exponential moving average of the weights that train."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

from limbeck.core.errors import ArtefactError


class Average:
    """average <- d * average + (1 - d) * weights, with d = min(decay, (1 + step) / (10 + step)).

    The ramp keeps the random start out of short runs, in which a fixed decay of 0.999 would leave a third of it.

    Args:
        module: whose trainable parameters are averaged; buffers stay those of the model.
        decay: upper limit of d.
    """

    def __init__(self, module: nn.Module, *, decay: float) -> None:
        self.decay = decay
        self.names = [name for name, parameter in module.named_parameters() if parameter.requires_grad]
        self.parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
        self.values = [parameter.detach().clone() for parameter in self.parameters]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after update `step` (from 1)."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self.values, [p.detach() for p in self.parameters], 1 - decay)

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """The model with averaged weights, by swapping storages: nothing is copied."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def state(self) -> dict[str, Tensor]:
        """Averaged weights by name."""
        return dict(zip(self.names, self.values, strict=True))

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Back to a saved state."""
        if set(tensors) != set(self.names):
            raise ArtefactError("the saved average is of other weights than those that train now")
        for name, value in zip(self.names, self.values, strict=True):
            value.copy_(tensors[name])

    def _swap(self) -> None:
        for number, parameter in enumerate(self.parameters):
            parameter.data, self.values[number] = self.values[number], parameter.data

"""`Held`: somebody's answer, without a way back for the gradient."""

from __future__ import annotations

from torch import Tensor, nn


class Held(nn.Module):
    """pooled = x, without gradient

    Use when what a student says now is a target or a given for something else: the wiring then says that it is held
    still, and not only the objective that reads it.

    Source: the usual stop-gradient.

    >>> import torch
    >>> Held()(x=torch.ones(1, requires_grad=True)).requires_grad
    False
    """

    def forward(self, *, x: Tensor) -> Tensor:
        """`x` as it is.

        Args:
            x: any tensor.
        """
        return x.detach()

"""`LoRALinear`: a frozen linear layer and a trained low-rank change."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn


class LoRALinear(nn.Module):
    """y = base(x) + (alpha / rank) B A x, with B = 0 at first.

    Use when a large model has to bend a little and must not be modified: the change is small, can be taken off, and
    `merged` gives a plain linear layer.

    Args:
        base: what is adapted; frozen here, its weights are shared and not copied.
        rank: of the change, at least 1.
        alpha: strength; the change is scaled by alpha / rank, so that the rank can be changed at one learning rate.

    Source: Hu et al. 2021, arXiv 2106.09685.
    """

    def __init__(self, base: nn.Linear, *, rank: int = 4, alpha: float = 8.0) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.rank = rank
        self.alpha = alpha
        self.down = nn.Parameter(torch.empty(rank, base.in_features))
        self.up = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, x: Float[Tensor, "*rows i"]) -> Float[Tensor, "*rows o"]:
        """The layer's answer, of the base's output width."""
        return self.base(x) + (self.alpha / self.rank) * (x @ self.down.T) @ self.up.T  # type: ignore[no-any-return]

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """One plain layer that answers the same."""
        plain = nn.Linear(self.base.in_features, self.base.out_features, bias=self.base.bias is not None)
        plain.weight.copy_(self.base.weight + (self.alpha / self.rank) * self.up @ self.down)
        if self.base.bias is not None:
            plain.bias.copy_(self.base.bias)
        return plain

"""`MLPProjector`: a small network from frozen features to a shared space."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class MLPProjector(nn.Module):
    """Linear - GELU - Linear, with layer norm before it where asked for.

    y = W2 drop(gelu(W1 norm((x - shift) * factor) + b1)) + b2

    `shift` and `factor` do nothing until `standardise` has seen features.

    Use when a frozen encoder's features are to be aligned to another space; a single linear map is too stiff where the
    two spaces were never trained together.

    Args:
        in_width: width of the features.
        hidden: width in the middle.
        width: width of the shared space.
        dropout: share of hidden units that is dropped in training, 0 to 1.
        layer_norm: normalise the features first; keeps training steady when a teacher's features have large or uneven
            scales.

    Source: the projection head of SimCLR, Chen et al. 2020, arXiv 2002.05709.

    Differs from the paper: GELU instead of ReLU, no batch norm, and the result is kept instead of thrown away.
    """

    shift: Tensor
    factor: Tensor

    def __init__(
        self, in_width: int, *, hidden: int, width: int, dropout: float = 0.0, layer_norm: bool = False
    ) -> None:
        super().__init__()
        self.in_width = in_width
        self.hidden = hidden
        self.width = width
        self.dropout = dropout
        self.layer_norm = layer_norm
        self.register_buffer("shift", torch.zeros(in_width))
        self.register_buffer("factor", torch.ones(in_width))
        self.norm = nn.LayerNorm(in_width) if layer_norm else nn.Identity()
        self.into = nn.Linear(in_width, hidden)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(hidden, width)

    def forward(self, x: Float[Tensor, "*rows in_width"]) -> Float[Tensor, "*rows width"]:
        """Features of width `in_width` -> vectors of width `width`, not normalised."""
        x = (x - self.shift) * self.factor
        return self.out(self.drop(nn.functional.gelu(self.into(self.norm(x)))))  # type: ignore[no-any-return]

    @torch.no_grad()
    def standardise(self, features: Float[Tensor, "rows in_width"]) -> None:
        """Give every input mean 0 and deviation 1 on these (training) features, from now on and in what is saved."""
        self.shift.copy_(features.mean(0))
        self.factor.copy_(1 / (features.std(0) + 1e-3))

"""`TokenMLP`: every place of a picture by itself, then their mean."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from limbeck.layers.projector.mlp import MLPProjector


class TokenMLP(nn.Module):
    """tokens_j = W2 gelu(W1 x_j + b1) + b2,  pooled = mean_j tokens_j

    Use when a small network shall have local features that can be looked at one by one. With
    overlapping patches it is a convolution.

    Args:
        in_width: of a token.
        hidden: width in the middle.
        width: of the local features.

    Source: bags of local features, Brendel and Bethge 2019, arXiv 1904.00760.

    Differs from the paper: two full layers on small patches instead of a deep network.
    """

    def __init__(self, in_width: int, *, hidden: int, width: int) -> None:
        super().__init__()
        self.in_width = in_width
        self.hidden = hidden
        self.width = width
        self.inner = MLPProjector(in_width, hidden=hidden, width=width)

    def forward(self, *, tokens: Float[Tensor, "n t d"]) -> dict[str, Tensor]:
        """`tokens` `(n, t, width)` and `pooled` `(n, width)`."""
        local = self.inner(tokens)
        return {"tokens": local, "pooled": local.mean(1)}

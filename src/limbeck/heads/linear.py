"""`LinearHead`: one linear map from features to answers."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn


class LinearHead(nn.Module):
    """y = W drop(x) + b

    Use when features are classified, or brought to another width by the stiffest map there is.

    Args:
        in_width: width of the features.
        width: number of classes, or width of the result.
        bias: whether b is there.
        dropout: share of the features that is dropped in training, 0 to 1.

    Source: Bridle 1990 (softmax regression on top of a network).

    >>> import torch
    >>> LinearHead(4, width=3)(x=torch.zeros(2, 4)).shape
    torch.Size([2, 3])
    """

    def __init__(self, in_width: int, *, width: int, bias: bool = True, dropout: float = 0.0) -> None:
        super().__init__()
        self.in_width = in_width
        self.width = width
        self.bias = bias
        self.dropout = dropout
        self.drop = nn.Dropout(dropout)
        self.map = nn.Linear(in_width, width, bias=bias)

    def forward(self, x: Float[Tensor, "*rows in_width"]) -> Float[Tensor, "*rows width"]:
        """Features of width `in_width` -> `width` numbers (logits, where it classifies)."""
        return self.map(self.drop(x))  # type: ignore[no-any-return]

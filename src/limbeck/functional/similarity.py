"""Similarities between vectors, in fp32."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from limbeck.functional.product import product

_SQUARED_ZERO = 1e-24


def normalise(x: Float[Tensor, "*rows d"]) -> Float[Tensor, "*rows d"]:
    """X / |x| along the last axis; a zero vector (|x| <= 1e-12) is returned as it is.

    `torch.nn.functional.normalize` divides a zero vector by 1e-12, and so multiplies its gradient by 1e12.

    >>> normalise(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    tensor([[0.6000, 0.8000],
            [0.0000, 0.0000]])
    """
    x = x.float()
    squared = (x * x).sum(-1, keepdim=True)
    return x * torch.where(squared > _SQUARED_ZERO, squared, 1.0).rsqrt()


def cosine(first: Float[Tensor, "n d"], second: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """Cosine of row i of one with row i of the other, in [-1, 1]; 0 where either is a zero vector."""
    return (normalise(first) * normalise(second)).sum(-1)


def pairwise_cosine(first: Float[Tensor, "n d"], second: Float[Tensor, "m d"]) -> Float[Tensor, "n m"]:
    """Cosine of every row of one with every row of the other, in [-1, 1]; 0 where either is a zero vector."""
    return product(normalise(first), normalise(second).T)

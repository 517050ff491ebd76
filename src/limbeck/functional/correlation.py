"""Correlation of values and of ranks, in fp32."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from limbeck.functional.product import product
from limbeck.functional.similarity import cosine, normalise


def correlation_matrix(x: Float[Tensor, "n d"]) -> Float[Tensor, "n n"]:
    """Pearson correlation of every two rows over their columns, in [-1, 1]; 0 where a row is constant.

    >>> correlation_matrix(torch.tensor([[1.0, 2.0, 3.0], [6.0, 4.0, 2.0]])).round(decimals=4)
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    x = normalise(x.float() - x.float().mean(-1, keepdim=True))
    return product(x, x.T)


def ranks(x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Rank of each value from 1; equal values share the mean of their ranks.

    >>> ranks(torch.tensor([10.0, 30.0, 10.0]))
    tensor([1.5000, 3.0000, 1.5000])
    """
    _, place, count = torch.unique(x, return_inverse=True, return_counts=True)
    middle: Tensor = count.cumsum(0) - (count - 1) / 2.0
    return middle[place].float()


def spearman(first: Float[Tensor, " n"], second: Float[Tensor, " n"]) -> Float[Tensor, ""]:
    """Correlation of the ranks, in [-1, 1]; 0 where one of the two is constant.

    >>> spearman(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([5.0, 70.0, 900.0])).round(decimals=4)
    tensor(1.)
    """
    one, other = ranks(first), ranks(second)
    return cosine((one - one.mean())[None], (other - other.mean())[None])[0]

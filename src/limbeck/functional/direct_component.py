"""The constant part of a token map, and the map without it."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor


def without_direct_component(tokens: Float[Tensor, "n t d"]) -> Float[Tensor, "n t d"]:
    """Every channel without its zero frequency.

    y = IDCT( DCT(x) with the (0, 0) coefficient set to 0 ) = x - mean over tokens

    The orthonormal DCT's first basis function is constant, so leaving it out is taking the mean away; no transform is
    computed, and the shape of the token grid does not matter.

    Source: the frequency view of ScaleKD, Fan et al. 2024, arXiv 2411.06786.

    >>> import torch
    >>> without_direct_component(torch.tensor([[[1.0], [5.0]]]))
    tensor([[[-2.],
             [ 2.]]])
    """
    tokens = tokens.float()
    return tokens - tokens.mean(1, keepdim=True)

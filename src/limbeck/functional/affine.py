"""Affine maps between two spaces whose rows are paired, fitted in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Affine:
    """`y = x @ matrix + offset`.

    Args:
        matrix: `(d, e)`.
        offset: `(e,)`.
    """

    matrix: Float[Tensor, "d e"]
    offset: Float[Tensor, " e"]

    def __call__(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        """The rows of `x` in the other space, fp32."""
        with torch.autocast(device_type=x.device.type, enabled=False):
            return x.float() @ self.matrix + self.offset


def fit_affine(x: Float[Tensor, "n d"], y: Float[Tensor, "n e"], *, ridge: float = 0.0) -> Affine:
    """The affine map with the least squared error from x to y.

    min over W, b of (1/n) |x W + b - y|^2 + ridge v |W|^2,  v = mean variance of a column of x

    The shortest W where several fit equally well (fewer rows than columns). Computed in fp64.

    Args:
        x: rows of the one space.
        y: the same rows in the other space.
        ridge: >= 0, relative to the variance of x, so that one value serves encoders of different scale.

    Source: ridge regression, Hoerl and Kennard 1970; between latent spaces, Maiorca et al. 2023, arXiv 2311.00664.
    """
    x, y = x.detach().double(), y.detach().double()
    x_mean, y_mean = x.mean(0), y.mean(0)
    left, right = x - x_mean, y - y_mean
    penalty = ridge * float(left.square().mean())
    if penalty > 0:
        # Rows that pull W to zero: the same minimum without squaring the condition number.
        left = torch.cat([left, (penalty * len(x)) ** 0.5 * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)])
        right = torch.cat([right, right.new_zeros(x.shape[1], y.shape[1])])
    matrix = torch.linalg.pinv(left, rtol=1e-10) @ right
    return Affine(matrix.float(), (y_mean - x_mean @ matrix).float())

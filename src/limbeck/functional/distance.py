"""Distances and angles among the rows of one matrix, in fp32."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from limbeck.functional.product import product
from limbeck.functional.rows import masked_mean

_ONE_POINT = 1e-3


def pairwise_distance(x: Float[Tensor, "n d"]) -> Float[Tensor, "n n"]:
    """Euclidean distance of every two rows; the gradient at distance 0 is 0.

    The shortcut |a|^2 + |b|^2 - 2ab is not used: it loses small distances to cancellation.
    """
    x = x.float()
    return torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")


def relative_distance(x: Float[Tensor, "n d"], pairs: Bool[Tensor, "n n"]) -> Float[Tensor, "n n"]:
    """Distances divided by their mean over `pairs`; all 0 where that mean is 0."""
    distance = pairwise_distance(x)
    mean = masked_mean(distance, pairs, (0, 1))
    return distance / torch.where(mean > 0, mean, 1.0)


def angle_parts(
    x: Float[Tensor, "n d"], pairs: Bool[Tensor, "n n"]
) -> tuple[Float[Tensor, "n n"], Float[Tensor, "n n"]]:
    """What `angles` needs: inner products of the centred rows, and 1 / distance for every one of `pairs`, else 0.

    Rows closer than a thousandth of the mean distance count as one point: the angle between them is noise in fp32.
    """
    x = x.float()
    used = pairs.any(-1)
    x = x - masked_mean(x, used[:, None].expand_as(x), 0)
    distance = pairwise_distance(x)
    floor = _ONE_POINT * masked_mean(distance.detach(), pairs, (0, 1))
    apart = pairs & (distance > floor)
    inverse = torch.where(apart, 1.0 / torch.where(apart, distance, 1.0), 0.0)
    return product(x, x.T), inverse


def angles(inner: Float[Tensor, "n n"], inverse: Float[Tensor, "n n"], first: int, last: int) -> Float[Tensor, "c n n"]:
    """Cosine of the angle at j between the directions to i and to k, `[j - first, i, k]`, for `first <= j < last`.

    (x_i - x_j)(x_k - x_j) is taken from inner products, where differences would cost n^3 d multiplications. The result
    is 0 where `inverse` is 0.
    """
    near = inverse[first:last]
    row = near * inner[first:last]
    square = near * torch.diagonal(inner)[first:last, None]
    # Everything but the first product has rank 2: one batched product instead of four passes over n^3 numbers.
    left = torch.stack([square - row, near], dim=-1)
    right = torch.stack([near, -row], dim=-2)
    with torch.autocast(device_type=inner.device.type, enabled=False):
        return torch.baddbmm(near[:, :, None] * near[:, None, :] * inner, left, right)

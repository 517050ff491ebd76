"""Canonical correlation: the directions of two spaces that go together, over paired rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from limbeck.functional.affine import Affine


@dataclass(frozen=True)
class Subspaces:
    """One low-dimensional view of each space; column i of one belongs to column i of the other.

    Args:
        first: the map from the first space, `(d, k)`.
        second: the map from the second space, `(e, k)`.
        correlations: of each pair of columns on the rows it was fitted on, falling, in [0, 1], `(k,)`.
    """

    first: Affine
    second: Affine
    correlations: Float[Tensor, " k"]


def fit_cca(x: Float[Tensor, "n d"], y: Float[Tensor, "n e"], *, width: int, ridge: float = 1e-3) -> Subspaces:
    """The `width` most correlated pairs of directions.

    max over A, B of tr(A' Sxy B)  with  A' (Sxx + ridge vx I) A = B' (Syy + ridge vy I) B = I

    Both maps centre their space and give every column unit variance (up to the ridge). Computed in fp64.

    Args:
        x: rows of the one space.
        y: the same rows in the other space.
        width: number of directions, at most the smaller width; more than there are rows is meaningless.
        ridge: >= 0, relative to the mean variance of each space; without it, fewer rows than columns correlate by
            chance alone.

    Returns:
        Both maps and the correlations.

    Source: Hotelling 1936; as a choice of subspace before alignment, Hadgi et al. 2025, arXiv 2503.05283.
    """
    x, y = x.detach().double(), y.detach().double()
    x_mean, y_mean = x.mean(0), y.mean(0)
    left, right = x - x_mean, y - y_mean
    x_whiten, y_whiten = _whitening(left, ridge), _whitening(right, ridge)
    u, s, vh = torch.linalg.svd(x_whiten.T @ (left.T @ right / len(x)) @ y_whiten, full_matrices=False)
    a, b = x_whiten @ u[:, :width], y_whiten @ vh[:width].T
    first = Affine(a.float(), (-x_mean @ a).float())
    return Subspaces(first, Affine(b.float(), (-y_mean @ b).float()), s[:width].clamp(0.0, 1.0).float())


def _whitening(centred: Float[Tensor, "n d"], ridge: float) -> Float[Tensor, "d r"]:
    """Columns that give variance 1 (plus ridge); directions without variance are left out."""
    covariance = centred.T @ centred / len(centred)
    values, vectors = torch.linalg.eigh(covariance)
    values = values.clamp(min=0.0)
    kept = values > 1e-10 * values.max().clamp(min=1e-30)
    whitening: Tensor = vectors[:, kept] * (values[kept] + ridge * values.mean()).rsqrt()
    return whitening

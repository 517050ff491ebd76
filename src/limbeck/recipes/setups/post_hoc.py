"""Frozen vectors of icons and their captions, and ways to align them in closed form afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from limbeck.core.recipe import DataSpec, Recipe
from limbeck.functional.affine import fit_affine
from limbeck.functional.cca import fit_cca
from limbeck.functional.local_cka import local_cka
from limbeck.functional.similarity import pairwise_cosine

# pictures and captions -> a score for each with each; anchor pairs and one setting -> how the rest is scored
Aligned = Callable[[Tensor, Tensor], Tensor]
Fit = Callable[[Tensor, Tensor, float], Aligned]
CCA_RIDGE, AFFINE_RIDGE = 0.1, 1e-3


@cache
def vectors(lab: Any) -> tuple[tuple[Tensor, ...], ...]:
    """Training, validation and test pairs as the frozen encoders say them, each embedded once a process."""
    bench, found = lab.bench(Recipe("icons", DataSpec("icons:texts=0"), "resnet-xs", (), teacher="icons")), []
    for split in ("train", "validation", "test"):
        said = {m: lab.embed({m: encoder}, bench, split) for m, encoder in bench.models.encoders.items()}
        kept = {m: np.flatnonzero(own.present[m]) for m, own in said.items()}
        both = np.intersect1d(*(own.index[kept[m]] for m, own in said.items()))
        rows = {m: kept[m][np.isin(own.index[kept[m]], both)] for m, own in said.items()}
        found.append(tuple(torch.from_numpy(said[m].vectors[m][rows[m]]) for m in ("image", "text")))
    return tuple(found)


def full(x: Tensor, y: Tensor, ridge: float) -> Aligned:
    """An affine map, and then cosines."""
    to = fit_affine(x, y, ridge=ridge)
    return lambda image, text: pairwise_cosine(to(image), text)


def local(x: Tensor, y: Tensor, setting: float) -> Aligned:
    """The CKA that each pair gives with the anchors; nothing to set."""
    return lambda image, text: local_cka(x, y, image, text)


def affine_within(x: Tensor, y: Tensor, width: float) -> Aligned:
    """The map between subspaces that CCA chooses."""
    return _within(full, x, y, width)


def local_within(x: Tensor, y: Tensor, width: float) -> Aligned:
    """Local CKA in them."""
    return _within(local, x, y, width)


def at_random(seed: int) -> Fit:
    """The map between subspaces that are drawn."""

    def fit(x: Tensor, y: Tensor, width: float) -> Aligned:
        generator = torch.Generator().manual_seed(seed)
        one, other = (torch.randn(s.shape[1], int(width), generator=generator) / s.shape[1] ** 0.5 for s in (x, y))
        inner = full(x @ one, y @ other, AFFINE_RIDGE)
        return lambda image, text: inner(image @ one, text @ other)

    return fit


def _within(inner: Fit, x: Tensor, y: Tensor, width: float) -> Aligned:
    both = fit_cca(x, y, width=int(width), ridge=CCA_RIDGE)
    fitted = inner(both.first(x), both.second(y), AFFINE_RIDGE)
    return lambda image, text: fitted(both.first(image), both.second(text))


def hits(score: Tensor, k: int = 5) -> NDArray[np.float64]:
    """1 for each picture whose own caption is among the k best; a tie counts against it."""
    return ((score >= score.diagonal()[:, None]).sum(1) <= k).double().numpy()

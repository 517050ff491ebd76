"""`modality_gap`: how far two modalities of one space lie apart, and how easily a plane tells them apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from limbeck.core.errors import UsageError

Vectors = NDArray[np.float32]
Floats = NDArray[np.float64]
_STEPS = 200
_DECAY = 1e-4


@dataclass(frozen=True)
class ModalityGap:
    """The gap between two modalities.

    Args:
        distance: between the two centroids of the unit vectors, in [0, 2]; 0 where there is no gap.
        told_apart: for each held-out vector of the first modality, then of the second, whether a linear classifier
            knows its modality; the mean is the linear separability: 0.5 where there is no gap, 1 where a plane divides
            the modalities.
    """

    distance: float
    told_apart: Floats

    @property
    def separability(self) -> float:
        """Share of held-out vectors whose modality is known."""
        return float(self.told_apart.mean())


def modality_gap(first: Vectors, second: Vectors, *, fit_first: Vectors, fit_second: Vectors) -> ModalityGap:
    """The gap on some rows, with the classifier fitted on others.

    distance = | mean_i x_i/|x_i| - mean_i y_i/|y_i| |

    The classifier is a logistic regression with little weight decay, fitted by L-BFGS; deterministic.

    Use when a contrastive space is suspected to keep its modalities in two cones.

    Args:
        first: `(n, d)` vectors of one modality that are judged.
        second: `(m, d)` vectors of the other one.
        fit_first: vectors of the first modality that the classifier is fitted on.
        fit_second: vectors of the second modality that it is fitted on.

    Raises:
        UsageError: a set is empty, or widths differ.

    Source: Liang et al. 2022, arXiv 2203.02053 (distance); Fahim et al. 2024, arXiv 2405.18570 (separability).
    """
    sets = [_unit(vectors) for vectors in (first, second, fit_first, fit_second)]
    if len({vectors.shape[1] for vectors in sets}) > 1 or not all(len(vectors) for vectors in sets):
        shapes = ", ".join(str(tuple(vectors.shape)) for vectors in sets)
        raise UsageError(f"the modality gap needs four sets of vectors of one width, got {shapes}")
    one, two, fit_one, fit_two = sets
    distance = float((one.mean(0) - two.mean(0)).norm())
    weight, bias = _plane(fit_one, fit_two)
    known = torch.cat([one @ weight + bias > 0, two @ weight + bias < 0])
    return ModalityGap(distance, known.numpy().astype(np.float64))


def _unit(vectors: Vectors) -> torch.Tensor:
    found = torch.from_numpy(np.asarray(vectors, dtype=np.float64))
    length = found.norm(dim=-1, keepdim=True)
    return found / torch.where(length > 0, length, 1.0)


def _plane(one: torch.Tensor, two: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Logistic regression: the first modality is positive; both count alike, however many vectors they have."""
    weight = torch.zeros(one.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=_STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        softplus = torch.nn.functional.softplus
        loss = softplus(-(one @ weight + bias)).mean() + softplus(two @ weight + bias).mean()
        loss = loss + _DECAY * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()

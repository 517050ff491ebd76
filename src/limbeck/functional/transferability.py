"""How well the features of a source model fit a target task, before anything is trained."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from limbeck.functional.classes import one_hot
from limbeck.functional.correlation import correlation_matrix, spearman


def parc(features: Float[Tensor, "n d"], label: Int[Tensor, " n"], classes: int) -> Float[Tensor, ""]:
    """PARC: do rows that differ in label also differ in features?

    D_x = 1 - corr(x_i, x_j),  D_y = 1 - corr(y_i, y_j) with y one-hot,  score = spearman over i < j of D_x and D_y

    Source: Bolya et al. 2021, arXiv 2111.06977; the similarity metric of DistillNearest and DistillWeighted, Borup et
    al. 2023, arXiv 2304.12314.

    Differs from the paper: features are not reduced by PCA first, and the score is not multiplied by 100.

    Args:
        features: of the source model on rows of the target task.
        label: class of each row in the target task.
        classes: how many classes the target task has.

    Returns:
        `()`, in [-1, 1]; 1 is the best fit; 0 for fewer than two rows or a single class.

    >>> parc(torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]]), torch.tensor([0, 0, 1]), 2).round(decimals=4)
    tensor(1.)
    """
    count = features.shape[0]
    if count < 2:
        return torch.zeros((), device=features.device)
    row, column = torch.triu_indices(count, count, offset=1, device=features.device)
    # Two equal rows must tie with two other equal rows: rounding noise would order them.
    apart = (1.0 - correlation_matrix(features))[row, column].round(decimals=6)
    differ = (1.0 - correlation_matrix(one_hot(label, classes)))[row, column].round(decimals=6)
    return spearman(apart, differ)


def source_weights(scores: Float[Tensor, " k"], power: float = 1.0) -> Float[Tensor, " k"]:
    """Share of each source model: w_s = max(score_s, 0)^power / sum; equal shares where no score is positive.

    `power` 0 weighs all sources that fit at all alike; a large one leaves only the nearest (DistillNearest).

    Source: DistillWeighted, Borup et al. 2023, arXiv 2304.12314.

    >>> source_weights(torch.tensor([0.3, 0.1, -0.5]))
    tensor([0.7500, 0.2500, 0.0000])
    """
    useful = scores > 0
    if not useful.any():
        return torch.full_like(scores, 1.0 / scores.shape[0])
    # relative to the best, so that a large power does not underflow
    raised = torch.where(useful, (scores / scores.max()).clamp(min=0) ** power, 0.0)
    return raised / raised.sum()

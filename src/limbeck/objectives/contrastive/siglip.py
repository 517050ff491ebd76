"""`SigLIPLoss`: every pair is a yes-or-no question of its own."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor
from torch.nn.functional import softplus

from limbeck.core.objective import Objective
from limbeck.functional.rows import keep_rows, kept_pairs, same_group
from limbeck.functional.similarity import pairwise_cosine


class SigLIPLoss(Objective):
    """Sigmoid loss over all pairs of the batch: matching pairs yes, others no.

    loss_i = -sum_j log sigmoid(z_ij (scale cos(q_i, k_j) + bias)), with z_ii = 1 and z_ij = -1 elsewhere

    Use when batches are small or hold several right answers: no row competes with another one. Start with a bias near
    -log n (the paper: -10), or the many wrong pairs dominate the first steps.

    Source: Zhai et al. 2023, arXiv 2303.15343.

    Differs from the paper: rows of one `target_group` are not negatives of each other; masked rows take no part. The
    mean over rows is the paper's loss.
    """

    def forward(
        self,
        *,
        query: Float[Tensor, "n d"],
        key: Float[Tensor, "n d"],
        scale: Float[Tensor, ""],
        bias: Float[Tensor, ""],
        target_group: Int[Tensor, " n"] | None = None,
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row, summed over its n pairs.

        Args:
            query: one modality, not normalised.
            key: the other one; row i belongs to row i of `query`.
            scale: factor of the cosine, > 0.
            bias: added to every logit.
            target_group: rows of one non-negative number are right answers for one another; negative means no group.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0.
        """
        logits = scale.float() * pairwise_cosine(keep_rows(query, mask), keep_rows(key, mask)) + bias.float()
        keep = kept_pairs(logits, mask)
        if target_group is not None:
            keep = keep & ~same_group(target_group)
        sign = 2.0 * torch.eye(len(logits), device=logits.device) - 1.0
        return softplus(-sign * logits).masked_fill(~keep, 0.0).sum(-1)

"""`PairContrastLoss`: softmax contrast of scores that a fusion encoder gave."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.contrast import rivals, symmetric_contrast
from limbeck.functional.rows import keep_losses


class PairContrastLoss(Objective):
    """Each row picks its partner among all partners of the batch, in both directions, by given scores.

    loss_i = -(1/2) [ log softmax_j(scores_ij)_i + log softmax_j(scores_ji)_i ]

    Use when pairs are scored by a network that reads both sides (`AllPairScorer`), so that there are no two vectors to
    compare.

    Source: van den Oord et al. 2018, arXiv 1807.03748; over fused scores UNITER's retrieval, Chen et al. 2019,
    arXiv 1909.11740.

    Differs from the paper: both directions, all pairs of the batch; rows of one `target_group` are not negatives of
    each other.
    """

    def forward(
        self,
        *,
        scores: Float[Tensor, "n n"],
        target_group: Int[Tensor, " n"] | None = None,
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            scores: logit of query i with key j.
            target_group: rows of one non-negative number are right answers for one another; negative means no group.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0.
        """
        keep = rivals(scores, mask, target_group)
        logits = scores.float().masked_fill(~keep, 0.0)
        return keep_losses(symmetric_contrast(logits, logits.T, keep), mask)

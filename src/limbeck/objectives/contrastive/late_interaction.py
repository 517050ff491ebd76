"""`LateInteractionLoss`: contrast by the best match of every patch and of every word."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.contrast import rivals, symmetric_contrast
from limbeck.functional.late_interaction import late_interaction
from limbeck.functional.rows import keep_losses, keep_rows


class LateInteractionLoss(Objective):
    """Symmetric InfoNCE whose similarity is the mean over tokens of their largest cosine in the other modality.

    forth_ij = mean_k max_r cos(q_ik, k_jr),  back_ij = mean_r max_k cos(q_ik, k_jr)
    loss_i = -(1/2) [ log softmax_j(scale forth_ij)_i + log softmax_j(scale back_ji)_i ]

    Use when what matters is a part of the picture and one word, and an index of all tokens is affordable.

    Source: FILIP, Yao et al. 2021, arXiv 2111.07783.

    Differs from the paper: all tokens are used (the paper keeps the top quarter by similarity where memory is short);
    rows of one `target_group` are not negatives of each other.
    """

    def forward(
        self,
        *,
        query: Float[Tensor, "n t d"],
        key: Float[Tensor, "n s d"],
        scale: Float[Tensor, ""],
        query_mask: Bool[Tensor, "n t"] | None = None,
        key_mask: Bool[Tensor, "n s"] | None = None,
        target_group: Int[Tensor, " n"] | None = None,
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            query: tokens of one modality, not normalised.
            key: tokens of the other one; row i belongs to row i of `query`.
            scale: factor before the softmax, > 0.
            query_mask: tokens of `query` that are real; None means all.
            key_mask: tokens of `key` that are real; None means all.
            target_group: rows of one non-negative number are right answers for one another; negative means no group.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0.
        """
        forth, back = late_interaction(keep_rows(query, mask), keep_rows(key, mask), query_mask, key_mask)
        keep = rivals(forth, mask, target_group)
        return keep_losses(symmetric_contrast(scale.float() * forth, scale.float() * back.T, keep), mask)

"""`InfoNCELoss`: softmax contrast between matching rows of two modalities."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.contrast import rivals, symmetric_contrast
from limbeck.functional.rows import keep_losses, keep_rows
from limbeck.functional.similarity import pairwise_cosine


class InfoNCELoss(Objective):
    """Each row picks its partner among all partners of the batch, in both directions.

    loss_i = -(1/2) [ log softmax_j(scale cos(q_i, k_j))_i + log softmax_j(scale cos(q_j, k_i))_i ]

    Use when pairs are trusted and batches are large; the loss of a model that knows nothing is log n.

    Source: van den Oord et al. 2018, arXiv 1807.03748; symmetric with a learned scale as in CLIP, Radford et al. 2021,
    arXiv 2103.00020.

    Differs from the paper: rows of one `target_group` are not negatives of each other; masked rows are neither
    positives nor negatives. The limit on the scale is in `LogitScale`.
    """

    def forward(
        self,
        *,
        query: Float[Tensor, "n d"],
        key: Float[Tensor, "n d"],
        scale: Float[Tensor, ""],
        target_group: Int[Tensor, " n"] | None = None,
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            query: one modality, not normalised.
            key: the other one; row i belongs to row i of `query`.
            scale: factor before the softmax, > 0 (1 / temperature).
            target_group: rows of one non-negative number are right answers for one another (a caption that occurs
                twice); a negative number means no group.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0.
        """
        logits = scale.float() * pairwise_cosine(keep_rows(query, mask), keep_rows(key, mask))
        keep = rivals(logits, mask, target_group)
        return keep_losses(symmetric_contrast(logits, logits.T, keep), mask)

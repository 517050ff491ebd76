"""`DCLLoss`: InfoNCE without the right answer in the denominator."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.rows import different, keep_rows, kept_pairs, same_group
from limbeck.functional.similarity import pairwise_cosine


class DCLLoss(Objective):
    """Decoupled contrast: each row is pulled to its partner and pushed from the others, whatever the pull has reached.

    loss_i = (1/2) [ log sum_{j != i} exp(l_ij) + log sum_{j != i} exp(l_ji) ] - l_ii,  l_ij = scale cos(q_i, k_j)

    Use when batches are small: the gradient of InfoNCE fades with the easiest positive of a row, this one does not.

    Source: Yeh et al. 2021, arXiv 2110.06848.

    Differs from the paper: two modalities, so negatives come from the other one only; rows of one `target_group` are
    not negatives of each other. The weighted variant (DCLW) is another objective.
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
            scale: factor of the cosine, > 0.
            target_group: rows of one non-negative number are right answers for one another; negative means no group.
            mask: rows that count.

        Returns:
            `(n,)`, any sign; 0 in rows without negatives.
        """
        logits = scale.float() * pairwise_cosine(keep_rows(query, mask), keep_rows(key, mask))
        negatives = different(kept_pairs(logits, mask))
        if target_group is not None:
            negatives = negatives & ~same_group(target_group)
        lowest = torch.finfo(logits.dtype).min
        forth = logits.masked_fill(~negatives, lowest).logsumexp(-1)
        back = logits.T.masked_fill(~negatives, lowest).logsumexp(-1)
        loss = 0.5 * (forth + back) - logits.diagonal()
        return loss.masked_fill(~negatives.any(-1), 0.0)

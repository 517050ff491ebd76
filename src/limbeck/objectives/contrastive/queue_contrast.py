"""`QueueContrastLoss`: softmax contrast with slow partners, those of the batch and of a queue of earlier ones."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.divergence import log_softmax
from limbeck.functional.queued import queued_cosine, queued_rivals
from limbeck.functional.rows import keep_losses, keep_rows


class QueueContrastLoss(Objective):
    """Each row picks its partner's slow vector among those of the batch B and of a queue Q, in both directions.

    loss_i = -(1/2) [ log softmax_j(scale cos(q_i, k'_j))_i + log softmax_j(scale cos(k_i, q'_j))_i ],  j in B and Q

    Use when a batch is too small to hold hard wrong answers: k' and q' come from moving averages of the encoders
    (`Moving`), whose earlier vectors a `FeatureQueue` keeps. Gradient reaches q and k only.

    Source: image-text contrast of ALBEF, Li et al. 2021, arXiv 2107.07651, after MoCo, He et al. 2019,
    arXiv 1911.05722.

    Differs from the paper: rows and queue places of one group are no wrong answers for one another; places of the queue
    that were never filled are left out.
    """

    def forward(
        self,
        *,
        query: Float[Tensor, "n d"],
        key: Float[Tensor, "n d"],
        scale: Float[Tensor, ""],
        teacher_query: Float[Tensor, "n d"],
        teacher_key: Float[Tensor, "n d"],
        teacher_past_query: Float[Tensor, "m d"] | None = None,
        teacher_past_key: Float[Tensor, "m d"] | None = None,
        target_past: Bool[Tensor, " m"] | None = None,
        target_past_group: Int[Tensor, " m"] | None = None,
        target_group: Int[Tensor, " n"] | None = None,
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            query: one modality, not normalised.
            key: the other one; row i belongs to row i of `query`.
            scale: factor before the softmax, > 0 (1 / temperature).
            teacher_query: slow vectors of the batch's queries.
            teacher_key: slow vectors of the batch's keys.
            teacher_past_query: queue of earlier slow queries; give all of the queue's inputs or none.
            teacher_past_key: queue of the keys that belong to them.
            target_past: places of the queue that hold something.
            target_past_group: of each place; negative means no group.
            target_group: rows of one non-negative number are right answers for one another; negative means no group.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0.
        """
        keep = queued_rivals(query, mask, target_group, target_past, target_past_group)
        past = [None if value is None else value.detach() for value in (teacher_past_key, teacher_past_query)]
        slow = [keep_rows(value.detach(), mask) for value in (teacher_key, teacher_query)]
        total = scale.new_zeros((), dtype=query.float().dtype)
        for own, other, earlier in zip((query, key), slow, past, strict=True):
            logits = scale.float() * queued_cosine(keep_rows(own, mask), other, earlier)
            total = total - 0.5 * log_softmax(logits, keep).diagonal()
        return keep_losses(total, mask)

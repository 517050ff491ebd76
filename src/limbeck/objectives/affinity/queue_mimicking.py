"""`QueueMimickingLoss`: see the likeness of pictures and words as the moving averages see it."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.divergence import kl_divergence
from limbeck.functional.queued import queued_cosine, queued_rivals
from limbeck.functional.rows import keep_losses, keep_rows


class QueueMimickingLoss(Objective):
    """KL from the averages' own similarities over the batch B and a queue Q, in both directions.

    p_i = softmax_{j in B, Q}(scale cos(q_i, k'_j)),  p'_i = softmax_{j in B, Q}(scale cos(q'_i, k'_j)),
    loss_i = (1/2) [ KL(p'_i || p_i) + the same with queries and keys exchanged ]

    Use when pairs are noisy: beside `QueueContrastLoss` with weights that add up to 1, so that a share of the target
    is what the moving averages q' and k' believe. Gradient reaches q, k and, through p only, the scale.

    Source: momentum distillation of ALBEF, Li et al. 2021, arXiv 2107.07651.

    Differs from the paper: rows and queue places of one group are left out of one another's distributions; places that
    were never filled are left out.
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
            `(n,)`, >= 0; 0 where the towers agree with their averages.
        """
        keep = queued_rivals(query, mask, target_group, target_past, target_past_group)
        past = [None if value is None else value.detach() for value in (teacher_past_key, teacher_past_query)]
        slow_query, slow_key = (keep_rows(value.detach(), mask) for value in (teacher_query, teacher_key))
        sides = ((query, slow_query, slow_key, past[0]), (key, slow_key, slow_query, past[1]))
        total = scale.new_zeros((), dtype=query.float().dtype)
        for own, own_slow, other, earlier in sides:
            logits = scale.float() * queued_cosine(keep_rows(own, mask), other, earlier)
            target = scale.detach().float() * queued_cosine(own_slow, other, earlier)
            total = total + 0.5 * kl_divergence(logits, target, keep)
        return keep_losses(total, mask)

"""`AffinityMimickingLoss`: see likeness between two modalities as the teacher sees it."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32
from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.core.objective import Objective
from limbeck.functional.divergence import cross_entropy
from limbeck.functional.rows import keep_losses, keep_rows, kept_pairs
from limbeck.functional.similarity import pairwise_cosine


class AffinityMimickingLoss(Objective):
    """Cross-entropy between the teacher's and the student's softmax affinities, in both directions.

    loss_i = (1/2) [ CE(A^t_i., A^s_i.) + CE(A^t_.i, A^s_.i) ]
    A^s_i. = softmax_j(scale cos(q_i, k_j)),  A^t_i. = softmax_j(cos(tq_i, tk_j) / teacher_temperature)

    Use when the student may have a space of its own (widths may differ) but should rank pairs as the teacher does; soft
    labels also soften wrong negatives. Usually beside `InfoNCELoss`.

    Args:
        teacher_temperature: > 0; what the teacher was trained with (CLIP: 0.01). Higher is softer.

    Raises:
        UsageError: the temperature is not positive.

    Source: TinyCLIP, Wu et al. 2023, arXiv 2309.12314.

    Differs from the paper: mean of the two directions instead of their sum; masked rows take no part.
    """

    def __init__(self, teacher_temperature: float = 0.01) -> None:
        super().__init__()
        if not teacher_temperature > 0:
            raise UsageError(f"teacher_temperature {teacher_temperature!r} is not valid; it must be > 0, such as 0.01")
        self.teacher_temperature = teacher_temperature

    def forward(
        self,
        *,
        query: Float[Tensor, "n d"],
        key: Float[Tensor, "n d"],
        scale: Float[Tensor, ""],
        teacher_query: Float[Tensor, "n e"],
        teacher_key: Float[Tensor, "n e"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            query: the student's one modality.
            key: the student's other modality, row by row.
            scale: the student's factor before the softmax, > 0.
            teacher_query: the teacher's vectors for the rows of `query`, of any width.
            teacher_key: the teacher's vectors for the rows of `key`.
            mask: rows that count.

        Returns:
            `(n,)`, at least the entropy of the teacher's affinities.
        """
        logits = scale.float() * pairwise_cosine(keep_rows(query, mask), keep_rows(key, mask))
        target = pairwise_cosine(keep_rows(teacher_query.detach(), mask), keep_rows(teacher_key.detach(), mask))
        target = target / self.teacher_temperature
        keep = kept_pairs(logits, mask)
        forth = cross_entropy(logits, target, keep)
        back = cross_entropy(logits.T, target.T, keep)
        return keep_losses(0.5 * (forth + back), mask)

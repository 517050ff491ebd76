"""`DynamicContrastiveLoss`: learn from the wrong pairs that the teacher finds hard, for as long as they are hard."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.core.objective import Objective
from limbeck.functional.contrast import rivals
from limbeck.functional.entropy import normalised_entropy
from limbeck.functional.negatives import scattered, top_negatives
from limbeck.functional.pair_scores import among_candidates
from limbeck.functional.rows import different, keep_losses, keep_rows
from limbeck.functional.similarity import pairwise_cosine


class DynamicContrastiveLoss(Objective):
    """KL to the teacher's pair scores over its hardest negatives, weighed by how undecided the student still is.

    C_i = {i} and the `negatives` wrong columns with the largest teacher score
    p^t = softmax_{j in C_i}(teacher_scores_ij / teacher_temperature),  p^s = softmax_{j in C_i}(scale cos(q_i, k_j))
    w_i = H(p^s) / log |C_i| (without gradient),  loss_i = w_i KL(p^t || p^s), and the same from key to query; mean

    Use when a fusion encoder, too slow to search with, teaches a dual encoder.

    Args:
        negatives: wrong pairs a row and direction, >= 1.
        teacher_temperature: of the teacher's scores, > 0; 1 where they are logits.
        blind: the control: as many wrong pairs, whichever they are, all of weight w_i = 1.

    Raises:
        UsageError: a setting is out of range.

    Source: DCD, Rao et al. 2022, arXiv 2207.01426; the weight is the uncertainty of Dynamic KD, Li et al. 2021,
    arXiv 2109.11295.

    Differs from the paper: written from its abstract, not from its formulas or code; the student is a dual encoder
    instead of a smaller fusion encoder; the weight is the student's entropy. The blind draw follows from the digits of
    the teacher's scores, so that it is the same in any row order and the objective stays a pure function.
    """

    def __init__(self, negatives: int = 7, *, teacher_temperature: float = 1.0, blind: bool = False) -> None:
        super().__init__()
        if negatives < 1 or not teacher_temperature > 0:
            raise UsageError(
                f"negatives={negatives} and teacher_temperature={teacher_temperature} are not valid; "
                "valid: at least 1, and > 0"
            )
        self.negatives = negatives
        self.teacher_temperature = teacher_temperature
        self.blind = blind

    def forward(
        self,
        *,
        query: Float[Tensor, "n d"],
        key: Float[Tensor, "n d"],
        scale: Float[Tensor, ""],
        teacher_scores: Float[Tensor, "n n"],
        target_group: Int[Tensor, " n"] | None = None,
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            query: the student's one modality, not normalised.
            key: its other modality, row by row.
            scale: the student's factor before the softmax, > 0.
            teacher_scores: the teacher's logit of query i with key j.
            target_group: rows of one non-negative number are right answers for one another and no negatives.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0.
        """
        logits = scale.float() * pairwise_cosine(keep_rows(query, mask), keep_rows(key, mask))
        keep = rivals(logits, mask, target_group)
        target = teacher_scores.detach().float().masked_fill(~keep, 0.0) / self.teacher_temperature
        both = 0.5 * (self._towards(logits, target, keep) + self._towards(logits.T, target.T, keep))
        return keep_losses(both, mask)

    def _towards(self, logits: Tensor, target: Tensor, keep: Tensor) -> Tensor:
        order = scattered(target) if self.blind else target
        chosen = top_negatives(order, different(keep), self.negatives)
        loss, candidates = among_candidates(logits, target, chosen)
        return loss if self.blind else normalised_entropy(logits.detach(), candidates) * loss

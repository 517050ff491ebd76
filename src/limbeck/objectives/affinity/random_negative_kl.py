"""`RandomNegativeKLLoss`: the teacher's pair scores over wrong pairs drawn blindly."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.core.objective import Objective
from limbeck.functional.contrast import rivals
from limbeck.functional.negatives import scattered, top_negatives
from limbeck.functional.pair_scores import among_candidates
from limbeck.functional.rows import different, keep_losses, keep_rows
from limbeck.functional.similarity import pairwise_cosine


class RandomNegativeKLLoss(Objective):
    """KL to the teacher's pair scores over the true pair and as many wrong ones as asked, whichever they are.

    C_i = {i} and `negatives` wrong columns, drawn;  loss_i = KL over C_i of the teacher's softmax from the student's,
    mean of both directions

    Use when the teacher's choice of negatives is to be measured against no choice at the same cost: the control of
    `DynamicContrastiveLoss`.

    Args:
        negatives: wrong pairs a row and direction, >= 1.
        teacher_temperature: of the teacher's scores, > 0; 1 where they are logits.

    Raises:
        UsageError: a setting is out of range.

    Source: Hinton et al. 2015, arXiv 1503.02531, over pairs; the static baseline in DCD, Rao et al. 2022,
    arXiv 2207.01426.

    Differs from the paper: the draw follows from the digits of the teacher's scores, so that it is the same in any row
    order and the objective stays a pure function.
    """

    def __init__(self, negatives: int = 7, *, teacher_temperature: float = 1.0) -> None:
        super().__init__()
        if negatives < 1 or not teacher_temperature > 0:
            raise UsageError(
                f"negatives={negatives} and teacher_temperature={teacher_temperature} are not valid; "
                "valid: at least 1, and > 0"
            )
        self.negatives = negatives
        self.teacher_temperature = teacher_temperature

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
        chosen = top_negatives(scattered(target), different(keep), self.negatives)
        return among_candidates(logits, target, chosen)[0]

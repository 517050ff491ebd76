"""`MaskedWordKDLoss`: believe about hidden words what the teacher believes."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.divergence import kl_divergence
from limbeck.functional.rows import keep_losses, keep_rows, masked_mean


class MaskedWordKDLoss(Objective):
    """Mean KL from the teacher's distribution over words, over the hidden positions of a row.

    loss_i = mean_{k hidden in i} KL( softmax_v(teacher_ik) || softmax_v(logits_ik) )

    Use when more than one word would fit a gap: beside `MaskedWordLoss` with weights that add up to 1, taught by a
    moving average of the same fusion model or by another one.

    Source: momentum distillation of ALBEF, Li et al. 2021, arXiv 2107.07651.

    Differs from the paper: the mean is taken in each row first, so a row with one hidden word weighs as much as a row
    with three.
    """

    def forward(
        self,
        *,
        logits: Float[Tensor, "n t v"],
        teacher: Float[Tensor, "n t v"],
        target: Int[Tensor, "n t"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            logits: of every word of the vocabulary at every position.
            teacher: the teacher's, of the same words at the same positions.
            target: id of the hidden word; negative where nothing was hidden.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0; 0 in rows without a hidden word and where the two agree.
        """
        shape = logits.shape
        one, other = keep_rows(logits, mask).flatten(0, 1), keep_rows(teacher.detach(), mask).flatten(0, 1)
        each = kl_divergence(one, other).reshape(shape[:2])
        return keep_losses(masked_mean(each, target >= 0, 1), mask)

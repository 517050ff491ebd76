"""`RKDDistanceLoss`: keep the teacher's distances among rows."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from limbeck.core.objective import Objective
from limbeck.functional.distance import relative_distance
from limbeck.functional.rows import different, keep_rows, kept_pairs, masked_mean


class RKDDistanceLoss(Objective):
    """Huber loss between relative distances of student and teacher.

    loss_i = mean_{j != i} huber( |s_i - s_j| / mu_s - |t_i - t_j| / mu_t ),  mu = mean distance over pairs of the batch

    Use when the student has another width or space than the teacher. The paper weighs it 25 beside a task loss of 1.
    Memory is n^2.

    Source: RKD-D, Park et al. 2019, arXiv 1904.05068.

    Differs from the paper: mean instead of sum over pairs; vectors are taken as they are (the paper normalises those of
    the teacher only in some experiments). Masked rows are in no pair and not in mu.

    >>> import torch
    >>> x = torch.tensor([[0.0], [1.0], [3.0]])
    >>> RKDDistanceLoss()(student=7 * x, teacher=x)
    tensor([0., 0., 0.])
    """

    def forward(
        self,
        *,
        student: Float[Tensor, "n d"],
        teacher: Float[Tensor, "n e"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row: the mean over its pairs.

        Args:
            student: any width.
            teacher: any width.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0; 0 with fewer than two rows.
        """
        student, teacher = keep_rows(student, mask), keep_rows(teacher.detach(), mask)
        pairs = different(kept_pairs(student, mask))
        loss = smooth_l1_loss(relative_distance(student, pairs), relative_distance(teacher, pairs), reduction="none")
        return masked_mean(loss, pairs, -1)

"""`NormDirectionLoss`: point at the teacher's class mean, and be at least as long as the teacher."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.rows import keep_losses, keep_rows
from limbeck.functional.similarity import normalise

_SQUARED_ZERO = 1e-24


class NormDirectionLoss(Objective):
    """One minus the student's part along the teacher's class mean, measured in the longer of the two lengths.

    loss_i = 1 - s_i . c_y / (|c_y| max(|s_i|, |t_i|)),  c_y = mean of the teacher's features over the row's class

    While the student is shorter than the teacher, longer is better; beyond that only the direction counts.

    Use when plain distillation of a classifier runs already and penultimate features of teacher and student share a
    width (or a projection makes them): class means classify better than single features do. Class means come from
    `ClassMean`.

    Source: ND loss (KD++), Wang et al. 2023, arXiv 2305.17007.

    Differs from the paper: 1 is added, so that 0 is the best value; a zero vector beside a zero vector has loss 1.

    >>> import torch
    >>> NormDirectionLoss()(student=torch.tensor([[1.0, 0.0]]), teacher=torch.tensor([[0.0, 4.0]]),
    ...                     teacher_mean=torch.tensor([[2.0, 0.0]]))
    tensor([0.7500])
    """

    def forward(
        self,
        *,
        student: Float[Tensor, "n d"],
        teacher: Float[Tensor, "n d"],
        teacher_mean: Float[Tensor, "n d"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            student: penultimate features in the teacher's space.
            teacher: the teacher's features of the same rows.
            teacher_mean: mean of the teacher's features over the class of each row.
            mask: rows that count.

        Returns:
            `(n,)`, in [0, 2].
        """
        found, shown = keep_rows(student, mask), keep_rows(teacher.detach(), mask)
        direction = normalise(keep_rows(teacher_mean.detach(), mask))
        squared = torch.maximum(found.square().sum(-1), shown.square().sum(-1))
        longer = torch.where(squared > _SQUARED_ZERO, squared, 1.0).sqrt()
        return keep_losses(1.0 - (found * direction).sum(-1) / longer, mask)

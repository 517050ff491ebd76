"""`MSELoss`: be where the teacher is."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.rows import keep_rows


class MSELoss(Objective):
    """Mean squared difference between student and teacher.

    loss_i = (1/d) sum_c (s_ic - t_ic)^2

    Use when lengths carry meaning. For MSE between normalised vectors (CLIP-KD's feature distillation) take
    `CosineLoss`: it is the same loss times d / 2.

    Source: FitNets, Romero et al. 2014, arXiv 1412.6550; for CLIP in Yang et al. 2023, arXiv 2307.12732.

    Differs from the paper: mean over the width instead of half the sum, so that the weight does not depend on it; a
    projection to the teacher's width, where needed, is part of the student.

    >>> import torch
    >>> MSELoss()(student=torch.tensor([[1.0, 0.0]]), teacher=torch.tensor([[0.0, 3.0]]))
    tensor([5.])
    """

    def forward(
        self,
        *,
        student: Float[Tensor, "n d"],
        teacher: Float[Tensor, "n d"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            student: in the teacher's space.
            teacher: of the same width.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0.
        """
        return (keep_rows(student, mask) - keep_rows(teacher.detach(), mask)).square().mean(-1)

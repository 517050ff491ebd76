"""`TokenMSELoss`: every token is where the teacher's is."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.rows import keep_rows


class TokenMSELoss(Objective):
    """Mean squared difference between the tokens (places, local features) of student and teacher.

    loss_i = (1 / (t d)) sum_jc (s_ijc - t_ijc)^2

    Use when student and teacher look at the same places and local detail shall be passed on.

    Source: FitNets, Romero et al. 2014, arXiv 1412.6550, on feature maps.

    Differs from the paper: mean instead of half the sum; a projection to the teacher's width is a part of its own.

    >>> import torch
    >>> TokenMSELoss()(student=torch.zeros(1, 2, 2), teacher=torch.tensor([[[2.0, 0.0], [0.0, 0.0]]]))
    tensor([1.])
    """

    def forward(
        self,
        *,
        student: Float[Tensor, "n t d"],
        teacher: Float[Tensor, "n t d"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            student: tokens in the teacher's space.
            teacher: tokens of the same places.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0.
        """
        return (keep_rows(student, mask) - keep_rows(teacher.detach(), mask)).square().mean((-2, -1))

"""`WhitenedSmoothL1Loss`: match the teacher's tokens after taking their own mean and scale away."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.rows import keep_losses, keep_rows


class WhitenedSmoothL1Loss(Objective):
    """Smooth L1 between the student's tokens and the teacher's, each of which has mean 0 and variance 1.

    loss_i = 2 mean_tc huber(s_tc - norm(t)_tc),  huber(x) = x^2 / 2 if |x| < 1 else |x| - 1/2
    norm(t)_t = (t_t - mean_c t_t) / sqrt(var_c t_t + 1e-5)

    Use when tokens of several levels of a teacher are matched and their scales differ by orders of magnitude.

    Source: MaskAlign, Xue et al. 2022, arXiv 2211.08887.

    Differs from the paper: nothing known; visible tokens are picked before (`PickTokens`).
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
            student: tokens of the teacher's width.
            teacher: tokens at the same places, as they come.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0.
        """
        student, teacher = keep_rows(student, mask), keep_rows(teacher.detach(), mask)
        target = torch.nn.functional.layer_norm(teacher, teacher.shape[-1:])
        loss = torch.nn.functional.smooth_l1_loss(student, target, reduction="none")
        return keep_losses(2 * loss.mean((1, 2)), mask)

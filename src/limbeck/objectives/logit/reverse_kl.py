"""`ReverseKLLoss`: put no belief where the teacher has none."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32
from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.core.objective import Objective
from limbeck.functional.divergence import kl_divergence
from limbeck.functional.rows import keep_losses, keep_rows


class ReverseKLLoss(Objective):
    """KL divergence of the student's class probabilities from the teacher's: the two sides of `KDLoss` exchanged.

    loss_i = T^2 KL( softmax(s_i / T) || softmax(t_i / T) )

    Use when a student is too small for all that the teacher says, and should be right about something rather than vague
    about everything.

    Args:
        temperature: > 0; divides the scores of both sides. Higher shows more of what is thought of wrong classes.

    Raises:
        UsageError: the temperature is not positive.

    Source: MiniLLM, Gu et al. 2023, arXiv 2306.08543.

    Differs from the paper: the gradient of the exact sum over the classes, without sampling from the student.

    >>> import torch
    >>> ReverseKLLoss()(student=torch.tensor([[90.0, 0.0]]), teacher=torch.zeros(1, 2))
    tensor([0.6931])
    """

    def __init__(self, temperature: float = 1.0) -> None:
        super().__init__()
        if not temperature > 0:
            raise UsageError(f"temperature {temperature!r} is not valid; it must be > 0, such as 1.0")
        self.temperature = temperature

    def forward(
        self,
        *,
        student: Float[Tensor, "n v"],
        teacher: Float[Tensor, "n v"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            student: scores before the softmax.
            teacher: scores of the same classes.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0; 0 where the two agree.
        """
        one = keep_rows(student, mask) / self.temperature
        other = keep_rows(teacher.detach(), mask) / self.temperature
        return keep_losses(self.temperature**2 * kl_divergence(other, one), mask)

"""`KDLoss`: spread belief over the classes as the teacher does."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32
from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.core.objective import Objective
from limbeck.functional.divergence import kl_divergence
from limbeck.functional.rows import keep_losses, keep_rows


class KDLoss(Objective):
    """KL divergence from the teacher's softened class probabilities.

    loss_i = T^2 KL( softmax(t_i / T) || softmax(s_i / T) )

    Use when teacher and student score the same classes; the plain distillation that others are measured against.

    Args:
        temperature: > 0; divides the scores of both sides. Higher shows more of what is thought of wrong classes.

    Raises:
        UsageError: the temperature is not positive.

    Source: Hinton et al. 2015, arXiv 1503.02531.

    Differs from the paper: KL instead of cross-entropy, so that a student equal to its teacher has loss 0; the gradient
    is the same.

    >>> import torch
    >>> KDLoss(1.0)(student=torch.zeros(1, 2), teacher=torch.tensor([[90.0, 0.0]]))
    tensor([0.6931])
    """

    def __init__(self, temperature: float = 4.0) -> None:
        super().__init__()
        if not temperature > 0:
            raise UsageError(f"temperature {temperature!r} is not valid; it must be > 0, such as 4.0")
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
        return keep_losses(self.temperature**2 * kl_divergence(one, other), mask)

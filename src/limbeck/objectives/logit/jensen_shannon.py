"""`JensenShannonLoss`: agree with the teacher, without any label."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32
from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.core.objective import Objective
from limbeck.functional.divergence import jensen_shannon
from limbeck.functional.rows import keep_losses, keep_rows


class JensenShannonLoss(Objective):
    """Jensen-Shannon divergence between the class probabilities of student and teacher.

    loss_i = T^2 [ KL(p_i || r_i) + KL(q_i || r_i) ] / 2,  p = softmax(s / T),  q = softmax(t / T),  r = (p + q) / 2

    Use when the teacher is the only source of truth (SSLD: no labels at all, extra pictures without labels); bounded,
    so that a row where the teacher is surely wrong cannot shout.

    Args:
        temperature: > 0; divides the scores of both sides. Higher shows more of what is thought of wrong classes.

    Raises:
        UsageError: the temperature is not positive.

    Source: SSLD, Cui et al. 2021, arXiv 2103.05959.

    Differs from the paper: none; the paper does not soften (T = 1).

    >>> import torch
    >>> JensenShannonLoss()(student=torch.tensor([[90.0, 0.0]]), teacher=torch.tensor([[0.0, 90.0]]))
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
            `(n,)`, in [0, T^2 log 2].
        """
        one = keep_rows(student, mask) / self.temperature
        other = keep_rows(teacher.detach(), mask) / self.temperature
        return keep_losses(self.temperature**2 * jensen_shannon(one, other), mask)

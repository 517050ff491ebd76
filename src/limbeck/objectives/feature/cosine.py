"""`CosineLoss`: point where the teacher points."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.rows import keep_losses, keep_rows
from limbeck.functional.similarity import cosine


class CosineLoss(Objective):
    """One minus the cosine between student and teacher.

    loss_i = 1 - cos(s_i, t_i) = |s_i/|s_i| - t_i/|t_i||^2 / 2

    Use when the student shall live in the teacher's space and only directions matter there (retrieval). It is also the
    MSE between normalised vectors, times d / 2.

    Source: plain feature matching with a cosine, as in BYOL, Grill et al. 2020, arXiv 2006.07733 (eq. 2).

    Differs from the paper: half of its value; the target is a frozen teacher. A zero vector has loss 1.

    >>> import torch
    >>> CosineLoss()(student=torch.tensor([[1.0, 0.0]]), teacher=torch.tensor([[0.0, 2.0]]))
    tensor([1.])
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
            student: any length.
            teacher: of the same width, any length.
            mask: rows that count.

        Returns:
            `(n,)`, in [0, 2].
        """
        return keep_losses(1.0 - cosine(keep_rows(student, mask), keep_rows(teacher.detach(), mask)), mask)

"""`KnowledgeFusionLoss`: each row has its own balance between teacher and label."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.core.objective import Objective
from limbeck.functional.classes import one_hot
from limbeck.functional.divergence import kl_divergence, log_softmax
from limbeck.functional.rows import keep_losses, keep_rows


class KnowledgeFusionLoss(Objective):
    """Distillation and cross-entropy, mixed by a ratio a row.

    loss_i = w_i T^2 KL( softmax(t_i / T) || softmax(s_i / T) ) - (1 - w_i) log softmax(s_i)_y

    Use when some rows have a teacher that is wrong: the ratio comes from a layer (`FusionRatio`) that learns whom to
    believe. With a constant ratio it is plain distillation beside the labels.

    Args:
        temperature: > 0; divides the scores of both sides in the teacher's term.

    Raises:
        UsageError: the temperature is not positive.

    Source: TGeo-KD, Hu et al. 2023, arXiv 2312.15112.

    Differs from the paper: none; how the ratio is learned is the training's matter (two levels in the paper).

    >>> import torch
    >>> KnowledgeFusionLoss(1.0)(student=torch.zeros(2, 2), teacher=torch.tensor([[90.0, 0.0], [0.0, 0.0]]),
    ...                          ratio=torch.tensor([1.0, 1.0]), target_label=torch.tensor([1, 1]))
    tensor([0.6931, 0.0000])
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
        ratio: Float[Tensor, " n"],
        target_label: Int[Tensor, " n"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            student: scores before the softmax.
            teacher: scores of the same classes.
            ratio: share of the teacher, in [0, 1]; it gets gradient.
            target_label: class of each row, below v.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0 for a ratio in [0, 1].
        """
        scores, share = keep_rows(student, mask), keep_rows(ratio, mask)
        softened = keep_rows(teacher.detach(), mask) / self.temperature
        taught = self.temperature**2 * kl_divergence(scores / self.temperature, softened)
        told = -(one_hot(target_label, scores.shape[1]) * log_softmax(scores)).sum(-1)
        return keep_losses(share * taught + (1 - share) * told, mask)

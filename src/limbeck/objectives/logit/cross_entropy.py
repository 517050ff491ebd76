"""`CrossEntropyLoss`: say what the label says."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.core.objective import Objective
from limbeck.functional.classes import one_hot
from limbeck.functional.divergence import log_softmax
from limbeck.functional.rows import keep_losses, keep_rows


class CrossEntropyLoss(Objective):
    """Minus the log-probability of the label, which may be smoothed.

    loss_i = -sum_c [ (1 - smoothing) 1(c = y_i) + smoothing / v ] log softmax(s_i)_c

    Use when rows have classes: the term beside which a teacher is added.

    Args:
        smoothing: share of the target that goes to all classes alike, in [0, 1).

    Raises:
        UsageError: the smoothing is outside [0, 1).

    Source: label smoothing by Szegedy et al. 2015, arXiv 1512.00567.

    Differs from the paper: a row whose label is negative (none known) has loss 0.

    >>> import torch
    >>> CrossEntropyLoss()(logits=torch.zeros(2, 4), target_label=torch.tensor([3, -1]))
    tensor([1.3863, 0.0000])
    """

    def __init__(self, smoothing: float = 0.0) -> None:
        super().__init__()
        if not 0 <= smoothing < 1:
            raise UsageError(f"smoothing {smoothing!r} is not valid; it must be in [0, 1), such as 0.1")
        self.smoothing = smoothing

    def forward(
        self,
        *,
        logits: Float[Tensor, "n v"],
        target_label: Int[Tensor, " n"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            logits: scores before the softmax.
            target_label: class of each row, below v; negative where it is not known.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0.
        """
        logs = log_softmax(keep_rows(logits, mask))
        hit = (one_hot(target_label, logs.shape[1]) * logs).sum(-1)
        loss = -(1 - self.smoothing) * hit - self.smoothing * logs.mean(-1)
        return keep_losses(loss.masked_fill(target_label < 0, 0.0), mask)

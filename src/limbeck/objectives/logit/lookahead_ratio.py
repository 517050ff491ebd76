"""`LookaheadRatioLoss`: which balance of teacher and label would help the other rows?"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.core.objective import Objective
from limbeck.functional.classes import one_hot
from limbeck.functional.product import product
from limbeck.functional.rows import different, keep_losses, keep_rows, kept_pairs


class LookaheadRatioLoss(Objective):
    """The ratio of each row times what a step with more of the teacher would do to the label loss of the other rows.

    loss_i = - w_i (1 / (m - 1)) sum_{j != i} (h_i . h_j) (d_i . e_j)
    d_i = T [softmax(s_i / T) - softmax(t_i / T)] - [softmax(s_i) - y_i],  e_j = softmax(s_j) - y_j

    With class scores s = W h, d_i h_i' is the gradient of W by w_i in `KnowledgeFusionLoss`, and e_j h_j' that of row
    j's cross-entropy: the loss is the first-order change of the others' cross-entropy, seen from w_i only.

    Use when a layer (`FusionRatio`) shall learn ratios in the same stage in which the student trains; it is the outer
    level of a two-level optimisation.

    Args:
        temperature: > 0; that of `KnowledgeFusionLoss`.

    Raises:
        UsageError: the temperature is not positive.

    Source: TGeo-KD, Hu et al. 2023, arXiv 2312.15112 (two levels); one step ahead as in Ren et al. 2018, arXiv
    1803.09050.

    Differs from the paper: the step is taken in the last layer only, where it has a closed form, and the outer rows are
    the other rows of the batch instead of a validation set.
    """

    def __init__(self, temperature: float = 4.0) -> None:
        super().__init__()
        if not temperature > 0:
            raise UsageError(f"temperature {temperature!r} is not valid; it must be > 0, such as 4.0")
        self.temperature = temperature

    def forward(
        self,
        *,
        ratio: Float[Tensor, " n"],
        target_logits: Float[Tensor, "n v"],
        target_features: Float[Tensor, "n d"],
        teacher: Float[Tensor, "n v"],
        target_label: Int[Tensor, " n"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            ratio: share of the teacher, in [0, 1]; the only input that gets gradient.
            target_logits: the student's scores before the softmax.
            target_features: what the student's last layer makes them of.
            teacher: scores of the same classes.
            target_label: class of each row, below v.
            mask: rows that count.

        Returns:
            `(n,)`; negative where more of the teacher helps the others.
        """
        share = keep_rows(ratio, mask)
        scores, features = keep_rows(target_logits.detach(), mask), keep_rows(target_features.detach(), mask)
        softened = torch.softmax(keep_rows(teacher.detach(), mask) / self.temperature, -1)
        wrong = torch.softmax(scores, -1) - one_hot(target_label, scores.shape[1])
        taught = self.temperature * (torch.softmax(scores / self.temperature, -1) - softened)
        others = different(kept_pairs(scores, mask))
        alike = product(features, features.T) * product(taught - wrong, wrong.T)
        gain = alike.masked_fill(~others, 0.0).sum(-1) / others.sum(-1).clamp(min=1)
        return keep_losses(-share * gain, mask)

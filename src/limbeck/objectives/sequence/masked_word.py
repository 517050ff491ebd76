"""`MaskedWordLoss`: say which words were hidden."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.rows import keep_losses, keep_rows, masked_mean


class MaskedWordLoss(Objective):
    """Mean cross-entropy over the hidden positions of a row.

    loss_i = -mean_{k hidden in i} log softmax_v(logits_ik)[target_ik]

    Use when a fusion model should read a word off the picture.

    Source: BERT, Devlin et al. 2018, arXiv 1810.04805; with pictures ALBEF, Li et al. 2021, arXiv 2107.07651, and
    IRRA, Jiang and Ye 2023, arXiv 2303.12501.

    Differs from the paper: the mean is taken in each row first, so a row with one hidden word weighs as much as a row
    with three.
    """

    def forward(
        self,
        *,
        logits: Float[Tensor, "n t v"],
        target: Int[Tensor, "n t"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            logits: of every word of the vocabulary at every position.
            target: id of the hidden word, in [0, v); negative where nothing was hidden.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0; 0 in rows without a hidden word.
        """
        logs = torch.log_softmax(keep_rows(logits, mask), dim=-1)
        hidden = target >= 0
        each = -logs.gather(-1, target.clamp(min=0)[..., None]).squeeze(-1)
        return keep_losses(masked_mean(each, hidden, 1), mask)

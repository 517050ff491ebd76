"""`AttentionMapLoss`: two towers look at each other as a fusion encoder does."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.product import product
from limbeck.functional.rows import keep_losses, keep_rows, masked_mean

_NEVER = -1e30


class AttentionMapLoss(Objective):
    """KL between the teacher's cross-attention map and the one that the student's tokens imply.

    a^s_ikr = softmax_r(q_ik . k_ir / sqrt(d)),  loss_i = mean_k sum_r a^t_ikr log(a^t_ikr / a^s_ikr)

    Use when a fusion encoder teaches a dual encoder: it says which patch a word is about, which a pooled score hides.
    One term for text-to-image and one, with the roles changed, for image-to-text.

    Source: DiDE, Wang et al. 2021, arXiv 2112.08723 (cross-modal attention distillation).

    Differs from the paper: one map, the mean over the teacher's heads, instead of one a head of the last layer; the
    student's queries and keys are its output tokens.
    """

    def forward(
        self,
        *,
        query: Float[Tensor, "n t d"],
        key: Float[Tensor, "n s d"],
        teacher_attention: Float[Tensor, "n t s"],
        query_mask: Bool[Tensor, "n t"] | None = None,
        key_mask: Bool[Tensor, "n s"] | None = None,
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            query: the student's tokens that look.
            key: the student's tokens that are looked at, of the same width.
            teacher_attention: share of each query token's attention on each key token, >= 0; normalised here over the
                real key tokens.
            query_mask: tokens of `query` that are real; None means all.
            key_mask: tokens of `key` that are real; None means all.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0; 0 in rows without real tokens.
        """
        query, key = keep_rows(query, mask), keep_rows(key, mask)
        teacher = keep_rows(teacher_attention.detach(), mask).clamp(min=0.0)
        rows, asked, looked = teacher.shape
        asks = torch.ones(rows, asked, dtype=torch.bool, device=query.device) if query_mask is None else query_mask
        shown = torch.ones(rows, looked, dtype=torch.bool, device=query.device) if key_mask is None else key_mask
        shown = shown[:, None, :].expand(rows, asked, looked)
        teacher = teacher.masked_fill(~shown, 0.0)
        total = teacher.sum(-1, keepdim=True)
        teacher = teacher / torch.where(total > 0, total, 1.0)
        logits = product(query, key.transpose(1, 2)) / query.shape[-1] ** 0.5
        logs = torch.log_softmax(logits.masked_fill(~shown, _NEVER), dim=-1).masked_fill(~shown, 0.0)
        each = (torch.special.xlogy(teacher, teacher) - teacher * logs).sum(-1)
        return keep_losses(masked_mean(each, asks & shown.any(-1), 1), mask)

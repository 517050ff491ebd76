"""`SimilarityDistributionMatchingLoss`: similarities over the batch are distributed as the right answers are."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Float32, Int
from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.core.objective import Objective
from limbeck.functional.divergence import log_softmax
from limbeck.functional.rows import keep_losses, keep_rows, kept_pairs, same_group
from limbeck.functional.similarity import pairwise_cosine


class SimilarityDistributionMatchingLoss(Objective):
    """KL of the softmax similarities from the normalised match labels, in both directions.

    p_ij = softmax_j(cos(q_i, k_j) / temperature),  y_ij = 1 for row i itself and rows of its group,
    r_ij = y_ij / sum_k y_ik,  loss_i = sum_j p_ij log(p_ij / (r_ij + epsilon)) + the same from k to q

    Use when one row has several right answers (many pictures of one person, several captions): they share the mass
    instead of being left out.

    Args:
        temperature: > 0.
        epsilon: keeps the logarithm finite, > 0; with the wrong answers at p this is their price, -log epsilon.

    Raises:
        UsageError: a setting is not positive.

    Source: IRRA, Jiang and Ye 2023, arXiv 2303.12501 (SDM).

    Differs from the paper: masked rows take no part.
    """

    def __init__(self, temperature: float = 0.02, *, epsilon: float = 1e-8) -> None:
        super().__init__()
        for name, value in (("temperature", temperature), ("epsilon", epsilon)):
            if not value > 0:
                raise UsageError(f"{name} {value!r} is not valid; it must be > 0")
        self.temperature = temperature
        self.epsilon = epsilon

    def forward(
        self,
        *,
        query: Float[Tensor, "n d"],
        key: Float[Tensor, "n d"],
        target_group: Int[Tensor, " n"] | None = None,
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            query: one modality, not normalised.
            key: the other one; row i belongs to row i of `query`.
            target_group: rows of one non-negative number are right answers for one another; negative means no group.
            mask: rows that count.

        Returns:
            `(n,)`, at least about 0 (epsilon takes off less than n epsilon).
        """
        logits = pairwise_cosine(keep_rows(query, mask), keep_rows(key, mask)) / self.temperature
        keep = kept_pairs(logits, mask)
        right = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
        if target_group is not None:
            right = right | same_group(target_group)
        right = right & keep
        labels = right.float() / right.sum(-1, keepdim=True).clamp(min=1)
        return keep_losses(self._towards(logits, labels, keep) + self._towards(logits.T, labels, keep), mask)

    def _towards(self, logits: Tensor, labels: Tensor, keep: Tensor) -> Tensor:
        logs = log_softmax(logits, keep)
        each = logs.exp() * (logs - (labels + self.epsilon).log())
        return each.masked_fill(~keep, 0.0).sum(-1)

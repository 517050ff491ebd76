"""`AllPairScorer`: a fuser asked about every pair of the batch."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class AllPairScorer(nn.Module):
    """scores_ij = head(fuser(query_i, key_j)) for all i and j, and the attention maps of the true pairs.

    Use when a fusion encoder is trained by contrast, or teaches which wrong pairs are hard. The cost grows with n^2.

    Args:
        fuser: eats `query`, `key` and their masks, gives `pooled`, `attention`, `attention_back`.
        head: eats `pooled`, gives a logit a row.

    Source: the teacher's part in DCD, Rao et al. 2022, arXiv 2207.01426.

    Differs from the paper: the whole batch is scored instead of a choice of it.
    """

    outputs = ("scores", "attention", "attention_back")

    def __init__(self, fuser: nn.Module, *, head: nn.Module) -> None:
        super().__init__()
        self.fuser = fuser
        self.head = head

    def forward(
        self,
        *,
        query: Float[Tensor, "n t d"],
        key: Float[Tensor, "n s d"],
        query_mask: Bool[Tensor, "n t"] | None = None,
        key_mask: Bool[Tensor, "n s"] | None = None,
    ) -> dict[str, Tensor]:
        """Scores of all pairs.

        Args:
            query: tokens of one modality.
            key: tokens of the other one; row i belongs to row i of `query`.
            query_mask: tokens of `query` that are real; None means all.
            key_mask: tokens of `key` that are real; None means all.

        Returns:
            `scores` `(n, n)`; `attention` `(n, t, s)` and `attention_back` `(n, s, t)` of the true pairs.
        """
        n = len(query)
        own = torch.arange(n, device=query.device)
        fused = self._fused(own.repeat_interleave(n), own.repeat(n), query, key, query_mask, key_mask)
        true = own * (n + 1)
        return {
            "scores": self.head(pooled=fused["pooled"]).reshape(n, n),
            "attention": fused["attention"][true],
            "attention_back": fused["attention_back"][true],
        }

    def score(
        self,
        query: Float[Tensor, "n t d"],
        *,
        key: Float[Tensor, "m s d"],
        query_mask: Bool[Tensor, "n t"] | None = None,
        key_mask: Bool[Tensor, "m s"] | None = None,
    ) -> Float[Tensor, "n m"]:
        """Scores of every query with every key, for a search; the two sides need not be equally many."""
        n, m = len(query), len(key)
        asks = torch.arange(n, device=query.device).repeat_interleave(m)
        fused = self._fused(asks, torch.arange(m, device=key.device).repeat(n), query, key, query_mask, key_mask)
        return self.head(pooled=fused["pooled"]).reshape(n, m)  # type: ignore[no-any-return]

    def _fused(
        self,
        asks: Tensor,
        answers: Tensor,
        query: Tensor,
        key: Tensor,
        query_mask: Tensor | None,
        key_mask: Tensor | None,
    ) -> dict[str, Tensor]:
        return self.fuser(  # type: ignore[no-any-return]
            query=query[asks],
            key=key[answers],
            query_mask=None if query_mask is None else query_mask[asks],
            key_mask=None if key_mask is None else key_mask[answers],
        )

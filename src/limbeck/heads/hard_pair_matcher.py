"""`HardPairMatcher`: scores the true pair and the two wrong pairs that two towers confuse most."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from limbeck.functional.contrast import rivals
from limbeck.functional.negatives import hardest
from limbeck.functional.rows import different
from limbeck.functional.similarity import pairwise_cosine

_NONE = -1e4


class HardPairMatcher(nn.Module):
    """Runs a fuser on (i, i), on (hardest wrong query, i) and on (i, hardest wrong key).

    hardest wrong key of i = argmax_{j != i, other group} cos(q_i, k_j), from the towers' pooled vectors, no gradient

    Use when matching is trained: wrong partners drawn at random are told apart by anything.

    Args:
        fuser: eats `query`, `key` and their masks, gives `pooled`, `tokens`, `attention`.
        head: eats `pooled`, gives a logit a row.

    Source: contrastive hard negatives of ALBEF, Li et al. 2021, arXiv 2107.07651.

    Differs from the paper: the hardest one is taken; the paper draws by the softmax of the similarities.
    """

    outputs = ("positive", "negative_query", "negative_key", "tokens", "attention")

    def __init__(self, fuser: nn.Module, *, head: nn.Module) -> None:
        super().__init__()
        self.fuser = fuser
        self.head = head

    def forward(
        self,
        *,
        query: Float[Tensor, "n t d"],
        key: Float[Tensor, "n s d"],
        query_pooled: Float[Tensor, "n e"],
        key_pooled: Float[Tensor, "n e"],
        query_mask: Bool[Tensor, "n t"] | None = None,
        key_mask: Bool[Tensor, "n s"] | None = None,
        group: Int[Tensor, " n"] | None = None,
    ) -> dict[str, Tensor]:
        """Scores of three pairs a row.

        Args:
            query: tokens of one modality.
            key: tokens of the other one, row by row.
            query_pooled: what the tower says of the query, in the shared space.
            key_pooled: what the tower says of the key, in the shared space.
            query_mask: tokens of `query` that are real; None means all.
            key_mask: tokens of `key` that are real; None means all.
            group: rows of one non-negative number are right answers for one another.

        Returns:
            `positive`, `negative_query`, `negative_key` `(n,)`, very negative where a row has no wrong partner; and
            `tokens` `(n, t, width)` and `attention` `(n, t, s)` of the true pairs.
        """
        n = len(query)
        alike = pairwise_cosine(query_pooled.detach(), key_pooled.detach())
        wrong = different(rivals(alike, None, group))
        wrong_key, wrong_query = hardest(alike, wrong), hardest(alike.T, wrong)
        own = torch.arange(n, device=query.device)
        asks = torch.cat([own, wrong_query.clamp(min=0), own])
        answers = torch.cat([own, own, wrong_key.clamp(min=0)])
        fused = self.fuser(
            query=query[asks],
            key=key[answers],
            query_mask=None if query_mask is None else query_mask[asks],
            key_mask=None if key_mask is None else key_mask[answers],
        )
        positive, by_query, by_key = self.head(pooled=fused["pooled"]).chunk(3)
        return {
            "positive": positive,
            "negative_query": torch.where(wrong_query >= 0, by_query, _NONE),
            "negative_key": torch.where(wrong_key >= 0, by_key, _NONE),
            "tokens": fused["tokens"][:n],
            "attention": fused["attention"][:n],
        }

    def score(
        self,
        query: Float[Tensor, "n t d"],
        *,
        key: Float[Tensor, "m s d"],
        query_mask: Bool[Tensor, "n t"] | None = None,
        key_mask: Bool[Tensor, "m s"] | None = None,
    ) -> Float[Tensor, "n m"]:
        """Scores of every query with every key, for a search."""
        n, m = len(query), len(key)
        asks = torch.arange(n, device=query.device).repeat_interleave(m)
        answers = torch.arange(m, device=key.device).repeat(n)
        fused = self.fuser(
            query=query[asks],
            key=key[answers],
            query_mask=None if query_mask is None else query_mask[asks],
            key_mask=None if key_mask is None else key_mask[answers],
        )
        return self.head(pooled=fused["pooled"]).reshape(n, m)  # type: ignore[no-any-return]

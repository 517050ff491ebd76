"""`HardPairMatcher`: scores the true pair and two wrong pairs that two towers confuse."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from limbeck.core.errors import UsageError
from limbeck.functional.contrast import rivals
from limbeck.functional.negatives import hardest
from limbeck.functional.rows import different
from limbeck.functional.similarity import pairwise_cosine

_NONE = -1e4


class HardPairMatcher(nn.Module):
    """Runs a fuser on (i, i), on (wrong query, i) and on (i, wrong key), the wrong ones being those that look right.

    alike_ij = scale cos(q_i, k_j), from the towers' pooled vectors, without gradient
    wrong key of i = partners(alike)_i among j != i of another group; wrong query of i = partners(alike^T)_i

    Use when matching is trained: wrong partners drawn at random are told apart by anything. A caption with hidden words
    may be fused beside it, with the same weights.

    Args:
        fuser: eats `query`, `key` and their masks, gives `pooled`, `tokens`, `attention`.
        head: eats `pooled`, gives a logit a row.
        partners: chooses a column of each row, `(alike, wrong) -> (n,)`; None takes the most alike.

    Raises:
        UsageError: neither `query` nor `hidden` is given.

    Source: image-text matching and contrastive hard negatives of ALBEF, Li et al. 2021, arXiv 2107.07651.

    Differs from the paper: the hardest one is taken unless `DrawnPartners` draws; rows of one group are no wrong pairs.
    """

    outputs = ("positive", "negative_query", "negative_key", "tokens", "attention")

    def __init__(self, fuser: nn.Module, *, head: nn.Module, partners: nn.Module | None = None) -> None:
        super().__init__()
        self.fuser = fuser
        self.head = head
        self.partners = partners

    def forward(
        self,
        *,
        key: Float[Tensor, "n s d"],
        query: Float[Tensor, "n t d"] | None = None,
        hidden: Float[Tensor, "n t d"] | None = None,
        query_pooled: Float[Tensor, "n e"] | None = None,
        key_pooled: Float[Tensor, "n e"] | None = None,
        scale: Float[Tensor, ""] | None = None,
        query_mask: Bool[Tensor, "n t"] | None = None,
        key_mask: Bool[Tensor, "n s"] | None = None,
        group: Int[Tensor, " n"] | None = None,
    ) -> dict[str, Tensor]:
        """Scores of three pairs a row.

        Args:
            key: tokens of one modality.
            query: tokens of the other one, row by row; None where nothing is matched and only `hidden` is read.
            hidden: tokens of the query in which something is out of sight.
            query_pooled: what the tower says of the query, in the shared space; without it and `key_pooled` all wrong
                partners look equally right.
            key_pooled: what the tower says of the key, in the shared space.
            scale: of the contrast, factor before its softmax; None is 1.
            query_mask: tokens of `query` and `hidden` that are real; None means all.
            key_mask: tokens of `key` that are real; None means all.
            group: rows of one non-negative number are right answers for one another.

        Returns:
            `positive`, `negative_query`, `negative_key` `(n,)`, very negative where a row has no wrong partner; and
            `tokens` `(n, t, width)` of the true pairs, of `hidden` where it is given, and `attention` `(n, t, s)` of
            the same ones.
        """
        own = torch.arange(len(key), device=key.device)
        if query is None:
            if hidden is None:
                raise UsageError("HardPairMatcher was given neither 'query' nor 'hidden'; valid: one of them or both")
            fused = self._fused(hidden, key, own, own, query_mask, key_mask)
            return {"tokens": fused["tokens"], "attention": fused["attention"]}
        alike = self._alike(query, query_pooled, key_pooled, scale)
        wrong = different(rivals(alike, None, group))
        wrong_key, wrong_query = self._chosen(alike, wrong), self._chosen(alike.T, wrong)
        asks = torch.cat([own, wrong_query.clamp(min=0), own])
        answers = torch.cat([own, own, wrong_key.clamp(min=0)])
        tokens = query
        if hidden is not None:  # behind the captions as they are: one pass of the fuser reads both
            tokens = torch.cat([query, hidden])
            asks, answers = torch.cat([asks, len(own) + own]), torch.cat([answers, own])
            query_mask = None if query_mask is None else torch.cat([query_mask, query_mask])
        fused = self._fused(tokens, key, asks, answers, query_mask, key_mask)
        positive, by_query, by_key = self.head(pooled=fused["pooled"][: 3 * len(own)]).chunk(3)
        last = slice(3 * len(own), None) if hidden is not None else slice(len(own))
        return {
            "positive": positive,
            "negative_query": torch.where(wrong_query >= 0, by_query, _NONE),
            "negative_key": torch.where(wrong_key >= 0, by_key, _NONE),
            "tokens": fused["tokens"][last],
            "attention": fused["attention"][last],
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
        fused = self._fused(query, key, asks, answers, query_mask, key_mask)
        return self.head(pooled=fused["pooled"]).reshape(n, m)  # type: ignore[no-any-return]

    def _alike(
        self, query: Tensor, query_pooled: Tensor | None, key_pooled: Tensor | None, scale: Tensor | None
    ) -> Tensor:
        if query_pooled is None or key_pooled is None:
            return query.new_zeros(len(query), len(query))
        cosines = pairwise_cosine(query_pooled.detach(), key_pooled.detach())
        return cosines if scale is None else scale.detach() * cosines

    def _chosen(self, alike: Tensor, wrong: Tensor) -> Tensor:
        return hardest(alike, wrong) if self.partners is None else self.partners(alike, wrong)

    def _fused(
        self,
        query: Tensor,
        key: Tensor,
        asks: Tensor,
        answers: Tensor,
        query_mask: Tensor | None,
        key_mask: Tensor | None,
    ) -> dict[str, Tensor]:
        return self.fuser(  # type: ignore[no-any-return]
            query=query[asks],
            key=key[answers],
            query_mask=None if query_mask is None else query_mask[asks],
            key_mask=None if key_mask is None else key_mask[answers],
        )

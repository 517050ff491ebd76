"""`AllPairsSimilarity`: a part that scores every query with every candidate."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from limbeck.core.errors import UsageError, unknown
from limbeck.core.features import Features
from limbeck.core.part import Part
from limbeck.evaluation.similarity import Similarity


class AllPairsSimilarity(Similarity):
    """s(query, candidate) = the score of a part whose layer has `score(query, key=...)`

    Use when a fusion encoder that was trained on all pairs of a batch (`AllPairScorer`) is to be searched with.

    Args:
        scorer: name of the part in the recipe.
        query: modality of the layer's `query`.
        query_output: tokens of that modality that the layer eats.
        key_output: tokens of the other one.
        chunk: queries at a time; bounds the memory.
    """

    def __init__(
        self,
        scorer: str,
        *,
        query: str = "text",
        query_output: str = "tokens",
        key_output: str = "tokens",
        chunk: int = 8,
    ) -> None:
        self.scorer = scorer
        self.query = query
        self.query_output = query_output
        self.key_output = key_output
        self.chunk = chunk
        self.outputs = tuple(sorted({query_output, key_output}))

    def __call__(
        self, queries: Features, candidates: Features, *, source: str, target: str, parts: Mapping[str, Part]
    ) -> Float[Tensor, "q c"]:
        """Scores as the layer gives them."""
        if self.scorer not in parts:
            raise UsageError(unknown("part", self.scorer, parts, where="AllPairsSimilarity"))
        if self.query not in (source, target):
            raise UsageError(unknown("modality", self.query, (source, target), where="AllPairsSimilarity"))
        asks, answers = (queries, candidates) if source == self.query else (candidates, queries)
        layer, rows = parts[self.scorer].layer, []
        for start in range(0, len(asks[self.query_output]), self.chunk):
            part = slice(start, start + self.chunk)
            rows.append(
                layer.score(  # type: ignore[operator]
                    asks[self.query_output][part],
                    key=answers[self.key_output],
                    query_mask=None if asks.mask is None else asks.mask[part],
                    key_mask=answers.mask,
                )
            )
        scores = torch.cat(rows)
        return scores if source == self.query else scores.T

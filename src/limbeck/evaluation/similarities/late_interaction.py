"""`LateInteractionSimilarity`: every token looks for its best match on the other side."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from limbeck.core.features import Features
from limbeck.core.part import Part
from limbeck.evaluation.similarity import Similarity
from limbeck.functional.late_interaction import late_interaction


class LateInteractionSimilarity(Similarity):
    """s(query, candidate) = mean over the query's tokens of their largest cosine with a token of the candidate

    Use when a student was trained to compare token by token (FILIP).

    Args:
        chunk: queries at a time; bounds the memory.

    Source: FILIP, Yao et al. 2021, arXiv 2111.07783.
    """

    def __init__(self, chunk: int = 32) -> None:
        self.chunk = chunk

    def __call__(
        self, queries: Features, candidates: Features, *, source: str, target: str, parts: Mapping[str, Part]
    ) -> Float[Tensor, "q c"]:
        """In [-1, 1]."""
        rows = []
        for start in range(0, len(queries["tokens"]), self.chunk):
            part = slice(start, start + self.chunk)
            mask = None if queries.mask is None else queries.mask[part]
            rows.append(late_interaction(queries["tokens"][part], candidates["tokens"], mask, candidates.mask)[0])
        return torch.cat(rows)

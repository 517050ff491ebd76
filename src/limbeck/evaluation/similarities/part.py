"""`PartSimilarity`: a part of the run looks at every pair."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from limbeck.core.errors import UsageError, unknown
from limbeck.core.features import Features
from limbeck.core.part import Part
from limbeck.core.term import Ref
from limbeck.evaluation.similarity import Similarity


class PartSimilarity(Similarity):
    """s(image, text) = one output of a part that eats both

    Use when a fusion encoder scores pairs: exact, and as slow as it is, one pass for each pair.

    Args:
        scorer: name of the part in the recipe.
        output: of it; `(n,)`, or `(n, c)` of which `column` is taken.
        inputs: argument of its layer -> modality and output: `{"text": Ref("text", "tokens")}`.
        column: which of several scores; -1 is the last.
        chunk: pairs at a time.
    """

    def __init__(
        self, scorer: str, *, inputs: Mapping[str, Ref], output: str = "pooled", column: int = -1, chunk: int = 2048
    ) -> None:
        self.scorer = scorer
        self.inputs = dict(inputs)
        self.output = output
        self.column = column
        self.chunk = chunk
        self.outputs = tuple(sorted({ref.output for ref in inputs.values()} - {"mask"}))

    def __call__(
        self, queries: Features, candidates: Features, *, source: str, target: str, parts: Mapping[str, Part]
    ) -> Float[Tensor, "q c"]:
        """Scores as the part gives them."""
        if self.scorer not in parts:
            raise UsageError(unknown("part", self.scorer, parts, where="PartSimilarity"))
        sides = {source: queries, target: candidates}
        rows = {side: len(found[found.names()[0]]) for side, found in sides.items()}
        pair = torch.cartesian_prod(torch.arange(rows[source]), torch.arange(rows[target]))
        found = []
        for index in pair.split(self.chunk):
            place = {source: index[:, 0], target: index[:, 1]}
            given = {key: sides[r.producer][r.output][place[r.producer]] for key, r in self.inputs.items()}
            score = parts[self.scorer](given, trains=False)[self.output]
            found.append(score if score.ndim == 1 else score[:, self.column])
        return torch.cat(found).reshape(rows[source], rows[target])

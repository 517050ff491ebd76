"""`RetrievalEvaluator`: find the partner in another modality."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import torch
from numpy.typing import NDArray

from limbeck.core.composite import Models
from limbeck.core.encoder import Encoder
from limbeck.core.errors import DataError, UsageError
from limbeck.core.features import Features, together
from limbeck.core.sample import Batch
from limbeck.evaluation.embedding_evaluator import EmbeddingEvaluator, Measurement
from limbeck.evaluation.embeddings import Embeddings, embed
from limbeck.evaluation.ranking import Ranks, rank, rank_scores
from limbeck.evaluation.similarity import Similarity

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


class RetrievalEvaluator(EmbeddingEvaluator):
    """R@k and mean reciprocal rank (MRR) by cosine, in both directions of every pair of modalities.

        R@k = share of queries with a right answer among the first k        MRR = mean of 1 / rank of the first one

    A right answer is any candidate of the query's row or group. Candidates are all rows that have the modality, also
    those without a partner. Ties count at their expectation, so that a constant model scores chance, not 100 %.
    Metrics are named `image->text R@1`, and `image<->text R@1` for the mean of both directions; the first one,
    `<-> MRR`, is the smoothest and steers early stopping.

    Use when the model is a dual encoder with pairs to test it on.

    Args:
        ks: cut-offs, each at least 1.
        similarity: ranks candidates by more than two vectors (tokens, a fusion encoder); None ranks by the cosine.

    Source: Karpathy and Fei-Fei 2015 (arXiv 1412.2306) for R@k with several captions a picture.

    >>> RetrievalEvaluator((1, 5)).ks
    (1, 5)
    """

    def __init__(self, ks: Sequence[int] = (1, 5, 10), *, similarity: Similarity | None = None) -> None:
        if not ks or min(ks) < 1:
            raise UsageError(f"retrieval cut-offs must be whole numbers of at least 1, got {tuple(ks)}")
        self.ks = tuple(int(k) for k in ks)
        self.similarity = similarity

    def answers(self, models: Mapping[str, Encoder]) -> bool:
        """Whether there are two modalities, with what the similarity compares."""
        wanted = self.similarity.outputs if self.similarity is not None else ()
        there = {name for encoder in models.values() for name in encoder.outputs}
        return len(models) > 1 and set(wanted) <= there

    def embeddings(self, models: Mapping[str, Encoder], loader: Iterable[Batch]) -> Embeddings:
        """Vectors, and the similarity of every pair of rows where a rule says it."""
        if self.similarity is None:
            return embed(models, loader)
        kept: dict[str, list[Features]] = {modality: [] for modality in models}
        found = embed(models, loader, kept=kept, want=self.similarity.outputs)
        whole = {modality: together(pieces) for modality, pieces in kept.items()}
        parts = models.parts if isinstance(models, Models) else {}
        scores = {}
        with torch.inference_mode():
            for one, two in permutations(sorted(models), 2):
                table = self.similarity(whole[one], whole[two], source=one, target=two, parts=parts)
                scores[f"{one}->{two}"] = table.float().numpy()
        return replace(found, scores=scores)

    def measure(self, embeddings: Embeddings) -> list[Measurement]:
        """The mean of both directions first, then each direction, for every pair of modalities."""
        modalities = sorted(embeddings.vectors)
        if len(modalities) < 2:
            raise UsageError(f"retrieval needs two modalities, got {', '.join(modalities)}")
        found: list[Measurement] = []
        for one, two in combinations(modalities, 2):
            there, back = self._direction(embeddings, one, two), self._direction(embeddings, two, one)
            note = there[0][0].note
            for (forward, spread), (backward, spread_back) in zip(there, back, strict=True):
                name = f"{one}<->{two} {forward.name.split()[-1]}"
                items = _by_row(forward.items, spread, backward.items, spread_back)
                found.append(Measurement(name, items, (forward.chance + backward.chance) / 2, note=note))
            found += [measurement for measurement, _ in there + back]
        return found

    def _direction(self, embeddings: Embeddings, source: str, target: str) -> list[tuple[Measurement, Integers]]:
        queries, query_of_row = embeddings.distinct(source)
        candidates, candidate_of_row = embeddings.distinct(target)
        right = _right_answers(embeddings.group, query_of_row, candidate_of_row, len(queries))
        asked = np.array([len(answers) > 0 for answers in right], dtype=bool)
        if not asked.any():
            raise DataError(f"no row has both {source} and {target}, so there is nothing to retrieve")
        answers = [found for found in right if len(found)]
        table = embeddings.scores.get(f"{source}->{target}")
        if table is None:
            vectors = embeddings.vectors
            ranks = rank(vectors[source][queries[asked]], vectors[target][candidates], answers)
        else:
            ranks = rank_scores(table[np.ix_(queries[asked], candidates)], answers)
        place = np.full(len(queries) + 1, -1, dtype=np.int64)
        place[:-1][asked] = np.arange(int(asked.sum()))
        rule = "cosine" if self.similarity is None else type(self.similarity).__name__
        note = f"{rule}; {len(candidates)} candidates; ties at their expectation"
        return [(m, place[query_of_row]) for m in self._scores(ranks, f"{source}->{target}", note)]

    def _scores(self, ranks: Ranks, name: str, note: str) -> list[Measurement]:
        unknowing = ranks.unknowing()
        mrr = Measurement(f"{name} MRR", ranks.reciprocal(), float(unknowing.reciprocal().mean()), note=note)
        hits = [
            Measurement(f"{name} R@{k}", ranks.hit(k), float(unknowing.hit(k).mean()), proportion=True, note=note)
            for k in self.ks
        ]
        return [mrr, *hits]


def _right_answers(group: Integers, query: Integers, candidate: Integers, n: int) -> list[Integers]:
    """For each query, the distinct candidates that share a row or a group with one of its rows."""
    members: dict[int, list[int]] = {}
    for row, item in enumerate(candidate):
        if item >= 0:
            members.setdefault(int(group[row]), []).append(int(item))
    answers: list[set[int]] = [set() for _ in range(n)]
    for row, item in enumerate(query):
        if item >= 0:
            answers[item].update(members.get(int(group[row]), ()))
    return [np.array(sorted(found), dtype=np.int64) for found in answers]


def _by_row(forward: Floats, forward_of: Integers, backward: Floats, backward_of: Integers) -> Floats:
    """One value a row whose mean is exactly the mean of the two directions.

    A row is the unit that is resampled: its picture and its caption succeed together. A query that stands in several
    rows shares its weight among them.
    """
    rows = np.flatnonzero((forward_of >= 0) | (backward_of >= 0))
    total = np.zeros(len(rows))
    for values, of in ((forward, forward_of[rows]), (backward, backward_of[rows])):
        here = of >= 0
        copies = np.bincount(of[here], minlength=len(values))
        total[here] += values[of[here]] / copies[of[here]] * (len(rows) / (2 * len(values)))
    return total

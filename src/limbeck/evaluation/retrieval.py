"""`RetrievalEvaluator`: find the partner in another modality."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from limbeck.core.errors import DataError, UsageError
from limbeck.evaluation.embedding_evaluator import EmbeddingEvaluator, Measurement
from limbeck.evaluation.embeddings import Embeddings
from limbeck.evaluation.ranking import Ranks, rank

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

    Source: Karpathy and Fei-Fei 2015 (arXiv 1412.2306) for R@k with several captions a picture.

    >>> RetrievalEvaluator((1, 5)).ks
    (1, 5)
    """

    def __init__(self, ks: Sequence[int] = (1, 5, 10)) -> None:
        if not ks or min(ks) < 1:
            raise UsageError(f"retrieval cut-offs must be whole numbers of at least 1, got {tuple(ks)}")
        self.ks = tuple(int(k) for k in ks)

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
        ranks = rank(
            embeddings.vectors[source][queries[asked]],
            embeddings.vectors[target][candidates],
            [answers for answers in right if len(answers)],
        )
        place = np.full(len(queries) + 1, -1, dtype=np.int64)
        place[:-1][asked] = np.arange(int(asked.sum()))
        note = f"cosine; {len(candidates)} candidates; ties at their expectation"
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

"""Where right answers stand in a ranking, with ties counted at their expectation.

Candidates whose similarity is within `TOLERANCE` of the best right answer are tied with it, and the score is the mean
over every order of the tied ones. A model that says the same of everything therefore scores chance exactly (the usual
`argsort` would give it anything from 0 to 100 %), and chance itself is the same formula with everything tied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
TOLERANCE = 1e-6  # fp32 dot products of unit vectors differ by about 1e-7 between batch shapes
_CHUNK = 1 << 22


@dataclass(frozen=True)
class Ranks:
    """One entry a query; `right` is at least 1 everywhere.

    Args:
        above: wrong candidates above the best right one.
        tied_wrong: wrong candidates tied with it.
        tied_right: right candidates tied with it, itself included.
        right: right candidates in all.
        wrong: wrong candidates in all.
    """

    above: Integers
    tied_wrong: Integers
    tied_right: Integers
    right: Integers
    wrong: Integers

    def unknowing(self) -> Ranks:
        """The ranks of a model that ties everything: its scores are chance."""
        return Ranks(np.zeros_like(self.above), self.wrong, self.right, self.right, self.wrong)

    def hit(self, k: int) -> Floats:
        """Expected share of orders in which a right answer is among the first `k`, in [0, 1]."""
        places = np.minimum(k - self.above, self.tied_wrong + self.tied_right)
        miss = np.ones(len(self.above))
        for place in range(k):
            left = self.tied_wrong + self.tied_right - place
            factor = np.maximum(self.tied_wrong - place, 0) / np.maximum(left, 1)
            miss = np.where(place < places, miss * factor, miss)
        return 1.0 - miss

    def reciprocal(self) -> Floats:
        """Expected 1 / rank of the first right answer, in (0, 1]."""
        return _by_kind(_expected_reciprocal, self.above, self.tied_wrong, self.tied_right)


def rank(queries: NDArray[np.float32], candidates: NDArray[np.float32], right: Sequence[Integers]) -> Ranks:
    """Ranks of the right answers by inner product.

    Args:
        queries: `(q, d)`.
        candidates: `(c, d)`.
        right: for each query the positions of its right answers among the candidates, at least one and none twice.

    Returns:
        One entry a query.

    >>> import numpy as np
    >>> eye = np.eye(3, dtype=np.float32)
    >>> rank(eye, eye, [np.array([0]), np.array([2]), np.array([2])]).hit(1).tolist()
    [1.0, 0.0, 1.0]
    """
    return _ranks(lambda part: queries[part] @ candidates.T, len(queries), len(candidates), right)


def rank_scores(scores: NDArray[np.float32], right: Sequence[Integers]) -> Ranks:
    """Ranks of the right answers by given similarities.

    Args:
        scores: `(q, c)`, larger is more alike.
        right: for each query the positions of its right answers among the candidates, at least one and none twice.
    """
    return _ranks(lambda part: scores[part], len(scores), scores.shape[1], right)


def _ranks(similar: Callable[[slice], NDArray[np.float32]], q: int, c: int, right: Sequence[Integers]) -> Ranks:
    counts = np.array([len(answers) for answers in right], dtype=np.int64)
    above = np.zeros(q, dtype=np.int64)
    tied = np.zeros_like(above)
    tied_right = np.zeros_like(above)
    step = max(1, _CHUNK // max(1, c))
    for start in range(0, q, step):
        part = slice(start, start + step)
        similarity = similar(part)
        sizes = counts[part]
        offsets = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        own = similarity[np.repeat(np.arange(len(sizes)), sizes), np.concatenate(list(right[part]))]
        best = np.maximum.reduceat(own, offsets)[:, None]
        above[part] = (similarity > best + TOLERANCE).sum(axis=1)
        tied[part] = (np.abs(similarity - best) <= TOLERANCE).sum(axis=1)
        tied_right[part] = np.add.reduceat(own >= np.repeat(best[:, 0], sizes) - TOLERANCE, offsets, dtype=np.int64)
    return Ranks(above, tied - tied_right, tied_right, counts, c - counts)


def nearest(queries: NDArray[np.float32], candidates: NDArray[np.float32], k: int) -> Integers:
    """Positions of the `k` candidates with the largest inner product, best first, `(q, k)`; ties by position."""
    order = np.argsort(-(queries @ candidates.T), axis=1, kind="stable")
    return order[:, :k].astype(np.int64)


def _by_kind(function: Callable[[int, int, int], float], *columns: Integers) -> Floats:
    kinds, place = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)
    return np.array([function(*map(int, kind)) for kind in kinds])[place.reshape(-1)]


def _expected_reciprocal(above: int, wrong: int, right: int) -> float:
    if wrong == 0:
        return 1.0 / (above + 1)
    place = np.arange(wrong + 1)
    left = wrong + right - place
    survive = np.concatenate([[1.0], np.cumprod((wrong - place[:-1]) / left[:-1])])
    return float(np.sum(survive * right / left / (above + place + 1)))

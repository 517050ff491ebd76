"""Units of the sample: rows that share a picture, a caption or a group succeed together and are drawn together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from limbeck.core.errors import UsageError
from limbeck.core.evaluator import Metric
from limbeck.evaluation.embeddings import Embeddings
from limbeck.evaluation.intervals import mean_interval

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def units(embeddings: Embeddings, modalities: Iterable[str]) -> Integers:
    """`(n,)` number of each row's unit: the connected parts of what shares a group, or a value of these modalities.

    Five captions of one picture are one unit, and so are two pictures of one caption. Numbers start at 0, in row order.
    """
    unit = np.arange(len(embeddings), dtype=np.int64)
    group = np.unique(embeddings.group, return_inverse=True)[1].reshape(-1)
    shared = [group, *(embeddings.distinct(modality)[1] for modality in modalities)]
    while True:
        before = unit
        for key in shared:
            here = key >= 0
            least = np.full(int(key[here].max(initial=-1)) + 1, len(unit), dtype=np.int64)
            np.minimum.at(least, key[here], unit[here])
            unit = unit.copy()
            unit[here] = least[key[here]]
        if np.array_equal(unit, before):
            return np.unique(unit, return_inverse=True)[1].reshape(-1).astype(np.int64)


def by_unit(items: Floats, unit: Integers, weight: Floats | None = None) -> Floats:
    """One item a unit, with the mean of the items.

        z_u = v + (sum of x_i in u  -  v * sum of w_i in u) * units / sum w,   v = sum x / sum w

    Their spread is that of the ratio v: where every item equals its weight there is none, however uneven the units.

    Args:
        items: `(n,)` x, each already times its weight.
        unit: `(n,)` numbers from 0, none left out.
        weight: `(n,)` w; None is 1 everywhere.

    Source: the linearised variance of a ratio under cluster sampling, Cochran 1977, "Sampling Techniques", 9A.

    >>> by_unit(np.array([1.0, 0.0, 1.0]), np.array([0, 0, 1]))
    array([0.44444444, 0.88888889])
    """
    right, asked = np.bincount(unit, items), np.bincount(unit, weight)
    value = right.sum() / asked.sum()
    return np.asarray(value + (right - value * asked) * (len(asked) / asked.sum()))


def over_units(metric: Metric, embeddings: Embeddings, *, modality: str | None = None) -> Metric:
    """The same metric with one item a unit, and its interval over units; unchanged where every unit is one item.

    The weight of an item is 1, or the share that a row has of both directions; see `by_unit`. Differences of two models
    are those of their items.

    Args:
        metric: of an evaluator, one item a row or a query.
        embeddings: that it was measured on.
        modality: of the rows that were classified, whose classes are given and not drawn: captions they share do not
            matter. None for a retrieval metric, whose name says its modalities.

    Raises:
        UsageError: the items are not those of these rows.
    """
    pair = metric.name.rpartition(" ")[0]
    if modality is not None:
        shared: tuple[str, ...] = (modality,)
        rows = np.flatnonzero(embeddings.present[modality] & (embeddings.label >= 0))
        weight = np.ones(len(rows))
    elif "->" not in pair:
        return metric  # of somebody's own evaluator, who knows what an item is
    else:
        one, two = shared = tuple(pair.replace("<->", "->").split("->"))
        rows, weight = _of_both(embeddings, one, two) if "<->" in pair else _of_one(embeddings, one, two)
    if len(rows) != len(metric.items):
        raise UsageError(f"{metric.name} has {len(metric.items)} items, {len(rows)} were expected of these rows")
    unit = np.unique(units(embeddings, shared)[rows], return_inverse=True)[1].reshape(-1)
    count = int(unit.max()) + 1
    if count == len(rows) and np.allclose(weight, 1):
        return metric
    items = by_unit(metric.items, unit, weight)
    interval = mean_interval(items)
    low, high = max(0.0, interval.low), min(1.0, interval.high)
    note = f"{metric.note}; " if metric.note else ""
    note += f"{len(rows):,} answers in {count:,} units that share a picture, a caption or a group"
    return replace(metric, n=count, low=low, high=high, items=items, note=note)


def _of_one(embeddings: Embeddings, source: str, target: str) -> tuple[Integers, Floats]:
    """(a row of each query, weights of 1)."""
    rows = _asked(embeddings, source, target)[0]
    return rows, np.ones(len(rows))


def _of_both(embeddings: Embeddings, one: str, two: str) -> tuple[Integers, Floats]:
    """(rows that one of the directions asks about, the share that each has of both directions)."""
    both = [_asked(embeddings, one, two), _asked(embeddings, two, one)]
    rows = np.flatnonzero((both[0][1] >= 0) | (both[1][1] >= 0))
    weight = np.zeros(len(rows))
    for first, of_row in both:
        of = of_row[rows]
        here = of >= 0
        copies = np.bincount(of[here], minlength=len(first))
        weight[here] += len(rows) / (2 * len(first) * copies[of[here]])
    return rows, weight


def _asked(embeddings: Embeddings, source: str, target: str) -> tuple[Integers, Integers]:
    """(first row of each query that has a right answer, the query of each row or -1)."""
    first, of_row = embeddings.distinct(source)
    answered = np.isin(embeddings.group, embeddings.group[embeddings.present[target]]) & (of_row >= 0)
    asked = np.zeros(len(first), dtype=bool)
    asked[of_row[answered]] = True
    place = np.where(asked, np.cumsum(asked) - 1, -1)
    return first[asked], np.where(of_row >= 0, place[of_row], -1)

"""`search_cost`: what one query costs a search over N items, by whatever way of searching."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from limbeck.core.errors import UsageError

Search = Callable[[int], object]


@dataclass(frozen=True)
class SearchCost:
    """The cost of one way to search.

    Args:
        name: of the way.
        seconds: median time of one query, in s.
        spread: lower and upper quartile of the same.
    """

    name: str
    seconds: float
    spread: tuple[float, float]

    @property
    def per_second(self) -> float:
        """Queries a second."""
        return 1.0 / self.seconds


def search_cost(ways: Mapping[str, Search], *, queries: int, rounds: int = 5) -> dict[str, SearchCost]:
    """Median time of a query, all ways interleaved, so that a busy or throttled machine is unfair to none.

    Use when a fusion encoder, which has to read every item again for each query, is compared with a dual encoder, whose
    items were embedded once.

    Args:
        ways: name -> function of a query's number that searches all items and returns when it is done.
        queries: different queries, numbered from 0.
        rounds: each round asks every way every query once, after one round that is not timed.

    Raises:
        UsageError: no ways, queries or rounds.
    """
    if not ways or queries < 1 or rounds < 1:
        raise UsageError(f"search_cost needs ways, queries and rounds, got {len(ways)}, {queries} and {rounds}")
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for query in range(queries):
            for name, search in ways.items():
                started = time.perf_counter()
                search(query)
                if number:
                    times[name].append(time.perf_counter() - started)
    return {name: SearchCost(name, statistics.median(found), _quartiles(found)) for name, found in times.items()}


def _quartiles(values: list[float]) -> tuple[float, float]:
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high

from __future__ import annotations

import itertools
import time

import pytest

from limbeck.core.errors import UsageError
from limbeck.evaluation.search_cost import search_cost


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the searches move."""
    now = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])
    return now


def test_median_and_quartiles_of_what_each_way_took(clock):
    taken = {"slow": itertools.cycle([99.0, 4.0, 8.0, 6.0]), "fast": itertools.cycle([0.5])}
    asked = []

    def way(name):
        def search(query):
            asked.append((name, query))
            clock[0] += next(taken[name])

        return search

    found = search_cost({"slow": way("slow"), "fast": way("fast")}, queries=1, rounds=3)
    # the first round (99 s) is not timed
    assert found["slow"].seconds == 6.0
    assert found["slow"].spread == (5.0, 7.0)
    assert found["fast"].per_second == 2.0
    assert asked == [("slow", 0), ("fast", 0)] * 4


def test_every_query_is_asked_and_one_timing_has_no_spread(clock):
    asked = []

    def search(query):
        asked.append(query)
        clock[0] += 1.0 + query

    assert search_cost({"a": search}, queries=1, rounds=1)["a"].spread == (1.0, 1.0)
    asked.clear()
    assert search_cost({"a": search}, queries=3, rounds=1)["a"].seconds == 2.0
    assert asked == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("wrong", [{"queries": 0}, {"queries": 1, "rounds": 0}])
def test_nothing_to_time(wrong):
    with pytest.raises(UsageError, match="needs ways, queries and rounds"):
        search_cost({"a": print}, **wrong)

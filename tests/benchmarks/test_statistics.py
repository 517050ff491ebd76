"""Whole comparisons in a world whose truth is known, by the functions that `limbeck compare` uses."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from benchmarks.statistics import TYPICAL, World, detected, plain_coverage, simulate, table  # noqa: E402

PAGE = ROOT / "docs" / "lab" / "statistics.md"
LARGE = 0.4


@pytest.mark.parametrize(("seeds", "luck"), [(3, 0.0), (3, TYPICAL), (5, TYPICAL), (10, TYPICAL)])
def test_quick(seeds: int, luck: float) -> None:
    """200 comparisons: true 5 % of false alarms pass 10 % about once in 500."""
    found = simulate(World(seeds=seeds, luck=luck), 200, resamples=300)
    assert found.alarms <= 0.1
    assert 0.92 <= found.coverage <= 0.985
    assert found.lost <= 0.1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metric", "seeds", "luck"), list(product(("R@1", "MRR"), (3, 5, 10), (0.0, TYPICAL, 3 * TYPICAL)))
)
def test_false_alarms_and_coverage(metric: str, seeds: int, luck: float) -> None:
    found = simulate(World(metric, seeds=seeds, luck=luck), 2000)
    assert found.alarms <= 0.06
    assert 0.93 <= found.coverage <= 0.97
    assert found.lost <= 0.06


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_intervals_cover_a_difference_that_is_there(seeds: int) -> None:
    assert 0.93 <= simulate(World(seeds=seeds, shift=0.2), 1000).coverage <= 0.97


@pytest.mark.slow
def test_the_smallest_visible_effect_is_seen_as_often_as_it_says() -> None:
    _, raised, _ = detected(World(), 1000)
    assert 0.72 <= raised <= 0.88


def test_the_simulation_would_notice() -> None:
    """Where seeds matter, resampling three of them covers too seldom; so would intervals over items alone."""
    wild = World(seeds=3, luck=LARGE)
    assert plain_coverage(wild, 200) < 0.9
    generator = np.random.default_rng(0)
    misses = []
    for _ in range(100):
        one, two = World(arms=2, seeds=3, luck=LARGE).draw(generator).mean(axis=1)
        misses.append(abs((one - two).mean()) > 1.96 * (one - two).std() / np.sqrt(250))
    assert np.mean(misses) > 0.3


@pytest.mark.parametrize("metric", ["R@1", "MRR"])
def test_the_truth_of_a_world_is_what_its_draws_show(metric: str) -> None:
    world = World(metric, arms=2, seeds=10, items=20_000, shift=0.3)
    generator = np.random.default_rng(0)
    seen = [float((two - one).mean()) for one, two in (world.draw(generator) for _ in range(8))]
    assert np.mean(seen) == pytest.approx(world.truth(), abs=4 * np.std(seen) / np.sqrt(8) + 1e-4)
    assert replace(world, shift=0.0).truth() == 0


def test_the_page_is_made_from_its_json_and_keeps_the_promise() -> None:
    plain = json.loads(PAGE.with_suffix(".json").read_text())
    assert table(plain) in PAGE.read_text()
    assert plain["comparisons a row"] >= 1000
    assert max(row["false alarms"] for row in plain["rows"]) <= 0.06
    assert {row["seeds"] for row in plain["rows"]} == {2, 3, 5, 10}
    assert min(row["comparisons"] for row in plain["rows"]) >= 1000
    assert all(0.93 <= row["coverage"] <= 0.97 for row in plain["rows"] if row["seeds"] > 2)
    # a quarter as many comparisons, and a gain that is no shift of every value
    assert all(0.91 <= row["coverage with a difference"] <= 0.99 for row in plain["rows"])

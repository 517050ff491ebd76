from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest
import pytrec_eval
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.retrieval import RetrievalHitRate, RetrievalMRR

from limbeck.evaluation.ranking import Ranks, nearest, rank


def naive(scores: list[int], right: set[int], k: int) -> tuple[float, float]:
    """Mean hit and reciprocal rank over every order of the candidates that sorts by score."""
    hits, reciprocals = [], []
    for order in permutations(range(len(scores))):
        if any(scores[one] < scores[two] for one, two in pairwise(order)):
            continue
        first = next(place for place, candidate in enumerate(order) if candidate in right)
        hits.append(first < k)
        reciprocals.append(1 / (first + 1))
    return float(np.mean(hits)), float(np.mean(reciprocals))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=2, max_size=6), st.data())
def test_ties_are_the_mean_over_every_order(scores: list[int], data: st.DataObject) -> None:
    right = data.draw(st.sets(st.integers(0, len(scores) - 1), min_size=1))
    k = data.draw(st.integers(1, 4))
    candidates = np.array([[score] for score in scores], dtype=np.float32)
    ranks = rank(np.ones((1, 1), dtype=np.float32), candidates, [np.array(sorted(right))])
    hit, reciprocal = naive(scores, right, k)
    assert ranks.hit(k)[0] == pytest.approx(hit)
    assert ranks.reciprocal()[0] == pytest.approx(reciprocal)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 6), st.data())
def test_chance_is_the_mean_over_every_order(n: int, data: st.DataObject) -> None:
    right = data.draw(st.sets(st.integers(0, n - 1), min_size=1))
    k = data.draw(st.integers(1, 4))
    vectors = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)
    chance = rank(vectors[:1], vectors, [np.array(sorted(right))]).unknowing()
    assert (chance.hit(k)[0], chance.reciprocal()[0]) == pytest.approx(naive([0] * n, right, k))


@pytest.fixture(scope="module")
def world() -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    generator = np.random.default_rng(3)
    queries = generator.normal(size=(60, 12)).astype(np.float32)
    candidates = generator.normal(size=(90, 12)).astype(np.float32)
    right = [np.sort(generator.choice(90, size=generator.integers(1, 6), replace=False)) for _ in range(60)]
    return queries, candidates, right


def test_agrees_with_trec_eval(world: tuple[np.ndarray, np.ndarray, list[np.ndarray]]) -> None:
    queries, candidates, right = world
    similarity = queries @ candidates.T
    truth = {f"q{q}": {f"d{c}": 1 for c in answers} for q, answers in enumerate(right)}
    run = {f"q{q}": {f"d{c}": float(s) for c, s in enumerate(row)} for q, row in enumerate(similarity)}
    scored = pytrec_eval.RelevanceEvaluator(truth, {"recip_rank", "success_1,5,10"}).evaluate(run)
    ranks = rank(queries, candidates, right)
    for name, ours in {"recip_rank": ranks.reciprocal(), **{f"success_{k}": ranks.hit(k) for k in (1, 5, 10)}}.items():
        assert ours.tolist() == pytest.approx([scored[f"q{q}"][name] for q in range(60)]), name


def test_agrees_with_torchmetrics(world: tuple[np.ndarray, np.ndarray, list[np.ndarray]]) -> None:
    queries, candidates, right = world
    target = torch.zeros(60, 90, dtype=torch.bool)
    for query, answers in enumerate(right):
        target[query, answers] = True
    arguments = {
        "preds": torch.tensor(queries @ candidates.T).flatten() + 100,  # it takes negative scores for wrong answers
        "target": target.flatten(),
        "indexes": torch.arange(60).repeat_interleave(90),
    }
    ranks = rank(queries, candidates, right)
    assert float(RetrievalMRR()(**arguments)) == pytest.approx(ranks.reciprocal().mean())
    for k in (1, 5, 10):
        assert float(RetrievalHitRate(top_k=k)(**arguments)) == pytest.approx(ranks.hit(k).mean())


def test_chunks_change_nothing(
    world: tuple[np.ndarray, np.ndarray, list[np.ndarray]], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = rank(*world)
    monkeypatch.setattr("limbeck.evaluation.ranking._CHUNK", 7 * 90)
    parts = rank(*world)
    for name in ("above", "tied_wrong", "tied_right", "right", "wrong"):
        assert (getattr(whole, name) == getattr(parts, name)).all()


def test_rounding_noise_is_a_tie() -> None:
    """A constant model whose last bits depend on the batch shape still knows nothing."""
    generator = np.random.default_rng(0)
    vectors = (np.ones((50, 16)) / 4 + generator.normal(size=(50, 16)) * 2e-8).astype(np.float32)
    ranks = rank(vectors, vectors, [np.array([row]) for row in range(50)])
    assert ranks.hit(1).mean() == pytest.approx(1 / 50)


def test_many_ties_stay_finite() -> None:
    ranks = Ranks(*(np.array([value]) for value in (0, 100_000, 3, 3, 100_000)))
    assert 0 < ranks.reciprocal()[0] < 0.01
    assert ranks.hit(10)[0] == pytest.approx(3 * 10 / 100_003, rel=1e-3)


def test_nearest_is_best_first() -> None:
    candidates = np.array([[1.0, 0], [0.5, 0], [1.0, 0], [-1, 0]], dtype=np.float32)
    assert nearest(np.array([[1.0, 0]], dtype=np.float32), candidates, 3).tolist() == [[0, 2, 1]]

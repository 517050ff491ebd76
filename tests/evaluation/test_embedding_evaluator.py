from __future__ import annotations

import numpy as np
import pytest

from evaluation import worlds
from limbeck.evaluation.embedding_evaluator import Measurement
from limbeck.evaluation.embeddings import embed
from limbeck.evaluation.intervals import mean_interval, wilson
from limbeck.evaluation.retrieval import RetrievalEvaluator


def test_proportions_get_wilson_and_means_the_bootstrap() -> None:
    items = np.array([1.0] * 30 + [0.0] * 20)
    share, mean = (Measurement("m", items, 0.1, proportion=kind).metric() for kind in (True, False))
    assert (share.low, share.high) == (wilson(0.6, 50).low, wilson(0.6, 50).high)
    assert (mean.low, mean.high) == (mean_interval(items).low, mean_interval(items).high)
    assert (share.value, share.n, share.chance) == (0.6, 50, 0.1)


def test_sums_that_overshoot_by_a_bit_are_still_proportions() -> None:
    items = np.full(7, 1.0 + 1e-15)
    assert Measurement("m", items, 0.1, proportion=True).metric().high == 1.0


def test_calling_is_embedding_then_measuring() -> None:
    vectors = worlds.perfect(12)
    evaluator = RetrievalEvaluator((1,))
    called = evaluator(worlds.models(vectors), worlds.batches(vectors))
    apart = evaluator.metrics(embed(worlds.models(vectors), worlds.batches(vectors)))
    assert called == apart
    assert called[0].items == pytest.approx(apart[0].items)

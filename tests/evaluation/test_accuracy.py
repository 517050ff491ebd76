from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

from evaluation import worlds
from limbeck.core.errors import DataError, UsageError
from limbeck.evaluation.accuracy import AccuracyEvaluator


def measured(scores: np.ndarray, label: list[int], modality: str = "image", **how):  # type: ignore[no-untyped-def]
    vectors = {"image": scores}
    (found,) = AccuracyEvaluator(modality)(
        worlds.models(vectors), worlds.batches(vectors, target={"label": label}, **how)
    )
    return found


def test_agrees_with_scikit_learn_and_chance_is_that_of_shuffled_answers() -> None:
    generator = np.random.default_rng(0)
    label = generator.integers(0, 4, 80)
    scores = generator.normal(size=(80, 4)) + np.array([1.0, 0, 0, 0]) + np.eye(4)[label]
    found, answers = measured(scores, label.tolist()), scores.argmax(1)
    assert found.value == pytest.approx(accuracy_score(label, answers))
    assert found.items.tolist() == (label == answers).astype(float).tolist()
    dealt = [accuracy_score(label, generator.permutation(answers)) for _ in range(4000)]
    assert found.chance == pytest.approx(np.mean(dealt), abs=0.005)


def test_ties_count_at_their_expectation() -> None:
    assert measured(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]), [0, 1]).items.tolist() == [0.5, 1.0]


def test_rows_without_a_label_or_a_picture_are_left_out() -> None:
    assert measured(np.eye(6), [0, 1, 2, -1, 4, 5], present={"image": [True] * 5 + [False]}).n == 4


def test_refuses() -> None:
    with pytest.raises(DataError, match="label 5 has no score"):
        measured(np.eye(3), [0, 1, 5])
    with pytest.raises(DataError, match="nothing to classify"):
        measured(np.eye(3), [-1, -1, -1])
    with pytest.raises(UsageError, match="did you mean 'image'"):
        measured(np.eye(3), [0, 1, 2], "imag")

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from evaluation import worlds
from limbeck.core.errors import DataError, UsageError
from limbeck.evaluation.prompts import Prompts
from limbeck.evaluation.zero_shot import ZeroShotEvaluator

PROMPTS = Prompts(worlds.CLASSES, ("{}",))
EVALUATOR = ZeroShotEvaluator(PROMPTS, text_view=worlds.ClassView(12))


def scores(pictures: np.ndarray, label: list[int], **how):  # type: ignore[no-untyped-def]
    vectors = {"image": pictures}
    models = worlds.models({"image": pictures, "text": pictures})
    return {m.name: m for m in EVALUATOR(models, worlds.batches(vectors, target={"label": label}, **how))}


def test_agrees_with_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    label = generator.integers(0, 8, 60)
    pictures = generator.normal(size=(60, 12)) + 1.2 * np.eye(12)[label]
    found = scores(pictures, label.tolist())
    for k in (1, 5):
        truth = top_k_accuracy_score(label, pictures[:, :8], k=k, labels=range(8))
        assert found[f"zero-shot top-{k}"].value == pytest.approx(truth)
        assert found[f"zero-shot top-{k}"].chance == pytest.approx(k / 8)


def test_rows_without_a_label_or_a_picture_are_left_out() -> None:
    found = scores(np.eye(12)[:6], [0, 1, 2, -1, 4, 5], present={"image": [True] * 5 + [False]})
    assert found["zero-shot top-1"].n == 4


def test_a_favourite_class_is_not_rewarded_by_the_note() -> None:
    assert "8 classes; prompts: {}" in scores(np.eye(12)[:6], [0] * 6)["zero-shot top-1"].note


def test_cut_offs_that_cannot_miss_are_left_out() -> None:
    evaluator = ZeroShotEvaluator(Prompts(("class0", "class1")), text_view=worlds.ClassView(12), ks=(1, 2, 5))
    vectors = {"image": np.eye(12)[:2]}
    models = worlds.models({"image": vectors["image"], "text": vectors["image"]})
    assert [m.name for m in evaluator(models, worlds.batches(vectors, target={"label": [0, 1]}))] == ["zero-shot top-1"]


def test_refuses() -> None:
    pictures = np.eye(12)[:3]
    with pytest.raises(DataError, match="label 11"):
        scores(pictures, [0, 1, 11])
    with pytest.raises(DataError, match="nothing to classify"):
        scores(pictures, [-1, -1, -1])
    models = worlds.models({"image": pictures, "text": pictures})
    loader = worlds.batches({"image": pictures}, target={"label": [0, 1, 2]})
    with pytest.raises(UsageError, match="bound"):
        ZeroShotEvaluator(PROMPTS)(models, loader)
    with pytest.raises(UsageError, match="did you mean 'image'"):
        ZeroShotEvaluator(PROMPTS, modality="imag")(models, loader)
    with pytest.raises(UsageError, match="at least 1"):
        ZeroShotEvaluator(PROMPTS, ks=())

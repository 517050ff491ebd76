from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, top_k_accuracy_score

from evaluation import worlds
from limbeck.core.composite import CompositeEncoder
from limbeck.core.errors import DataError, UsageError
from limbeck.core.part import Part
from limbeck.core.term import Ref
from limbeck.encoders.mlp_image import MLPImageEncoder
from limbeck.evaluation.classification import ClassificationEvaluator
from limbeck.heads.linear import LinearHead


def measured(logits: list[list[float]], label: list[int], **given: object) -> dict[str, float]:
    vectors = {"image": np.array(logits)}
    loader = worlds.batches(vectors, target={"label": label}, size=2)
    metrics = ClassificationEvaluator(**given)(worlds.models(vectors), loader)
    return {metric.name: metric.value for metric in metrics}


def test_by_hand():
    logits = [[3, 1, 0], [0, 2, 1], [1, 0, 5], [1, 1, 1]]
    found = measured(logits, [0, 2, 2, 1], ks=(1, 2, 3))
    assert found["accuracy"] == pytest.approx((1 + 0 + 1 + 1 / 3) / 4)
    assert found["top-2 accuracy"] == pytest.approx((1 + 1 + 1 + 2 / 3) / 4)
    assert set(found) == {"accuracy", "top-2 accuracy"}  # top-3 of 3 says nothing


def test_rows_without_a_label_are_left_out():
    assert measured([[1, 0], [1, 0], [0, 1]], [0, -1, 0])["accuracy"] == 0.5
    with pytest.raises(DataError, match="no row has both image and a label"):
        measured([[1, 0]], [-1])
    with pytest.raises(DataError, match="label 2 is not one of the 2 classes of 'pooled'"):
        measured([[1, 0]], [2])


def test_agrees_with_scikit_learn_and_chance_is_that_of_shuffled_answers():
    generator = np.random.default_rng(0)
    label = generator.integers(0, 4, 80)
    logits = generator.normal(size=(80, 4)) + np.array([1.0, 0, 0, 0]) + np.eye(4)[label]
    vectors = {"image": logits}
    loader = worlds.batches(vectors, target={"label": label.tolist()})
    one, two = ClassificationEvaluator(ks=(1, 2))(worlds.models(vectors), loader)
    answers = logits.argmax(1)
    assert one.value == pytest.approx(accuracy_score(label, answers))
    assert one.items.tolist() == (label == answers).astype(float).tolist()
    dealt = [accuracy_score(label, generator.permutation(answers)) for _ in range(4000)]
    assert one.chance == pytest.approx(np.mean(dealt), abs=0.005)
    assert two.value == pytest.approx(top_k_accuracy_score(label, logits, k=2))
    shuffled = [top_k_accuracy_score(label, logits[generator.permutation(80)], k=2) for _ in range(2000)]
    assert two.chance == pytest.approx(np.mean(shuffled), abs=0.005)


def test_ties_count_at_their_expectation():
    vectors = {"image": np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]])}
    (found,) = ClassificationEvaluator()(worlds.models(vectors), worlds.batches(vectors, target={"label": [0, 1]}))
    assert found.items.tolist() == [0.5, 1.0]


def test_a_row_without_a_picture_is_left_out_and_names_are_checked():
    vectors = {"image": np.eye(6)}
    target = {"label": [0, 1, 2, -1, 4, 5]}
    loader = worlds.batches(vectors, target=target, present={"image": [True] * 5 + [False]})
    (found,) = ClassificationEvaluator()(worlds.models(vectors), loader)
    assert found.n == 4
    with pytest.raises(UsageError, match="did you mean 'image'"):
        ClassificationEvaluator(modality="imag")(worlds.models(vectors), loader)


def test_chance_is_one_over_the_classes():
    vectors = {"image": np.eye(4)}
    loader = worlds.batches(vectors, target={"label": [0, 1, 2, 3]})
    (metric,) = ClassificationEvaluator()(worlds.models(vectors), loader)
    assert (metric.value, metric.chance, metric.n) == (1.0, 0.25, 4)


def test_reads_the_logits_of_a_part():
    base = MLPImageEncoder(4, hidden=(6,))
    part = Part(LinearHead(6, width=3), {"x": Ref("student.image")})
    model = CompositeEncoder(base, name="student.image", parts={"head": part}, scales={}, answer=Ref("student.image"))
    pixels = torch.randn(8, 3, 4, 4)
    label = part.layer(base({"pixel_values": pixels})["pooled"]).argmax(1)
    batch = worlds.batches({"image": np.zeros((8, 1))}, target={"label": label.tolist()}, size=8)[0]
    batch = type(batch)({"image": {"pixel_values": pixels}}, batch.present, batch.index, batch.draw, batch.target)
    evaluator = ClassificationEvaluator(Ref("head"))
    assert evaluator.answers({"image": model})
    assert not evaluator.answers({"image": base})
    assert evaluator({"image": model}, [batch])[0].value == 1.0
    with pytest.raises(UsageError, match="unknown output 'head:pooled' in classification"):
        evaluator({"image": base}, [batch])


def test_senseless_cut_offs():
    with pytest.raises(UsageError, match="at least 1, got"):
        ClassificationEvaluator(ks=(0,))

from __future__ import annotations

import math

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.objectives.logit.cross_entropy import CrossEntropyLoss
from objectives.oracle import close, rows, softmax


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_oracle(smoothing):
    scores, label = rows(5, 4, 1), [3, 0, -1, 2, 2]
    expected = []
    for s, y in zip(scores.tolist(), label, strict=True):
        want = [smoothing / 4 + (1 - smoothing) * (c == y) for c in range(4)]
        expected.append(-sum(w * math.log(p) for w, p in zip(want, softmax(s), strict=True)) if y >= 0 else 0.0)
    close(CrossEntropyLoss(smoothing)(logits=scores, target_label=torch.tensor(label)), expected)


def test_by_hand_and_far_away_scores_are_finite():
    loss = CrossEntropyLoss()(logits=torch.tensor([[0.0, math.log(3)], [0.0, 1e4]]), target_label=torch.tensor([1, 0]))
    close(loss, [math.log(4 / 3), 1e4])


def test_smoothing_keeps_the_student_from_certainty():
    sure, label = torch.tensor([[50.0, 0.0]]), torch.tensor([0])
    assert CrossEntropyLoss(0.1)(logits=sure, target_label=label) > CrossEntropyLoss(0.1)(
        logits=sure / 20, target_label=label
    )


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, float("nan")])
def test_smoothing_is_a_share(smoothing):
    with pytest.raises(UsageError, match="smoothing"):
        CrossEntropyLoss(smoothing)

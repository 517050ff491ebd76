from __future__ import annotations

import math

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.objectives.logit.kd import KDLoss
from objectives.oracle import close, rows, softmax


def test_oracle():
    s, t, temperature = rows(5, 4, 1), rows(5, 4, 2), 3.0
    expected = []
    for one, other in zip(s.tolist(), t.tolist(), strict=True):
        p, q = softmax([x / temperature for x in other]), softmax([x / temperature for x in one])
        expected.append(temperature**2 * sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)))
    close(KDLoss(temperature)(student=s, teacher=t), expected)


def test_by_hand():
    close(KDLoss(2.0)(student=torch.zeros(1, 2), teacher=torch.tensor([[2 * math.log(3), 0.0]])), [0.523248])


def test_at_high_temperature_it_is_the_squared_difference_of_centred_scores():
    # Hinton et al., section 2.1: KL T^2 -> |s - t|^2 / (2 v) for scores of mean 0
    s, t = rows(5, 4, 1), rows(5, 4, 2)
    s, t = s - s.mean(1, keepdim=True), t - t.mean(1, keepdim=True)
    close(KDLoss(300.0)(student=s, teacher=t), ((s - t).square().sum(1) / 8).tolist(), 2e-2)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_must_be_positive(temperature):
    with pytest.raises(UsageError, match="temperature"):
        KDLoss(temperature)

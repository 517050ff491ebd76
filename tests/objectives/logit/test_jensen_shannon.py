from __future__ import annotations

import math

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.objectives.logit.jensen_shannon import JensenShannonLoss
from objectives.oracle import close, rows, softmax


def test_oracle():
    s, t, temperature = rows(5, 4, 1), rows(5, 4, 2), 2.0
    expected = []
    for one, other in zip(s.tolist(), t.tolist(), strict=True):
        p, q = softmax([x / temperature for x in one]), softmax([x / temperature for x in other])
        r = [(a + b) / 2 for a, b in zip(p, q, strict=True)]
        terms = [a * math.log(a / c) + b * math.log(b / c) for a, b, c in zip(p, q, r, strict=True)]
        expected.append(temperature**2 * sum(terms) / 2)
    close(JensenShannonLoss(temperature)(student=s, teacher=t), expected)


def test_a_surely_wrong_teacher_costs_log_2_at_most():
    right, wrong = torch.tensor([[80.0, 0.0]]), torch.tensor([[0.0, 80.0]])
    close(JensenShannonLoss()(student=right, teacher=wrong), [math.log(2)])


def test_a_temperature_must_be_positive():
    with pytest.raises(UsageError, match="temperature"):
        JensenShannonLoss(-2.0)

from __future__ import annotations

import math

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.objectives.logit.kd import KDLoss
from limbeck.objectives.logit.reverse_kl import ReverseKLLoss
from objectives.oracle import close, rows, softmax


def test_oracle():
    s, t, temperature = rows(5, 4, 1), rows(5, 4, 2), 2.0
    expected = []
    for one, other in zip(s.tolist(), t.tolist(), strict=True):
        p, q = softmax([x / temperature for x in other]), softmax([x / temperature for x in one])
        expected.append(temperature**2 * sum(b * math.log(b / a) for a, b in zip(p, q, strict=True)))
    close(ReverseKLLoss(temperature)(student=s, teacher=t), expected)


def test_by_hand():
    close(ReverseKLLoss()(student=torch.tensor([[math.log(3), 0.0]]), teacher=torch.zeros(1, 2)), [0.130812])


def test_it_prefers_one_mode_where_forward_kl_prefers_both():
    teacher = torch.tensor([[5.0, 0.0, 5.0]])
    one_mode, between = torch.tensor([[5.0, 0.0, -5.0]]), torch.tensor([[1.0, 1.0, 1.0]])
    reverse, forward = ReverseKLLoss(), KDLoss(1.0)
    assert reverse(student=one_mode, teacher=teacher) < 2 * reverse(student=between, teacher=teacher)
    assert forward(student=one_mode, teacher=teacher) > 2 * forward(student=between, teacher=teacher)


def test_a_temperature_must_be_positive():
    with pytest.raises(UsageError, match="temperature"):
        ReverseKLLoss(0.0)

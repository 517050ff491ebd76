from __future__ import annotations

import math

import torch

from limbeck.objectives.feature.whitened_smooth_l1 import WhitenedSmoothL1Loss
from objectives.oracle import close, huber


def test_oracle():
    student, teacher = 2 * torch.randn(3, 2, 5), 40 * torch.randn(3, 2, 5) + 7
    expected = []
    for s, t in zip(student.tolist(), teacher.tolist(), strict=True):
        total = 0.0
        for one, other in zip(s, t, strict=True):
            mean = sum(other) / 5
            deviation = math.sqrt(sum((v - mean) ** 2 for v in other) / 5 + 1e-5)
            total += sum(huber(a - (b - mean) / deviation) for a, b in zip(one, other, strict=True))
        expected.append(2 * total / 10)
    close(WhitenedSmoothL1Loss()(student=student, teacher=teacher), expected)


def test_by_hand():
    # the teacher's token becomes (-1, 1); differences 0 and 2: huber 0 and 1.5, twice their mean
    found = WhitenedSmoothL1Loss()(student=torch.tensor([[[-1.0, 3.0]]]), teacher=torch.tensor([[[0.0, 1000.0]]]))
    close(found, [1.5])


def test_a_teacher_without_spread_asks_for_zero():
    found = WhitenedSmoothL1Loss()(student=torch.zeros(1, 2, 3), teacher=torch.full((1, 2, 3), 9.0))
    assert found.tolist() == [0.0]

from __future__ import annotations

import torch

from limbeck.objectives.feature.mse import MSELoss
from objectives.oracle import close, rows


def test_oracle():
    student, teacher = rows(6, 4, 1), rows(6, 4, 2)
    expected = [
        sum((a - b) ** 2 for a, b in zip(s, t, strict=True)) / 4
        for s, t in zip(student.tolist(), teacher.tolist(), strict=True)
    ]
    close(MSELoss()(student=student, teacher=teacher), expected)


def test_by_hand():
    close(MSELoss()(student=torch.tensor([[1.0, 2.0]]), teacher=torch.tensor([[4.0, 6.0]])), [12.5])


def test_length_counts():
    teacher = rows(6, 4, 2)
    assert (MSELoss()(student=2 * teacher, teacher=teacher) > 0).all()
    close(MSELoss()(student=teacher, teacher=teacher), [0.0] * 6)

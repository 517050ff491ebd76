from __future__ import annotations

import math

import torch

from limbeck.objectives.feature.norm_direction import NormDirectionLoss
from objectives.oracle import close, rows


def length(v):
    return math.sqrt(sum(x * x for x in v))


def test_oracle():
    s, t, c = rows(6, 4, 1), rows(6, 4, 2), rows(6, 4, 3)
    expected = []
    for one, other, mean in zip(s.tolist(), t.tolist(), c.tolist(), strict=True):
        inner = sum(x * y for x, y in zip(one, mean, strict=True))
        expected.append(1 - inner / (length(mean) * max(length(one), length(other))))
    close(NormDirectionLoss()(student=s, teacher=t, teacher_mean=c), expected)


def test_by_hand():
    # half as long as the teacher and at 60 degrees: 1 - 0.5 * 0.5
    student = torch.tensor([[math.cos(math.pi / 3), math.sin(math.pi / 3)]])
    found = NormDirectionLoss()(
        student=student, teacher=torch.tensor([[0.0, 2.0]]), teacher_mean=torch.tensor([[9.0, 0.0]])
    )
    close(found, [0.75])


def test_longer_is_better_until_the_teachers_length():
    mean, teacher = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    losses = [
        float(NormDirectionLoss()(student=torch.tensor([[x, 0.1 * x]]), teacher=teacher, teacher_mean=mean))
        for x in (0.5, 1.0, 3.0, 30.0)
    ]
    assert losses[0] > losses[1] > losses[2]
    assert abs(losses[2] - losses[3]) < 1e-5


def test_a_zero_student_is_pulled_by_the_teachers_length_only():
    student = torch.zeros(1, 2, requires_grad=True)
    loss = NormDirectionLoss()(
        student=student, teacher=torch.tensor([[0.0, 2.0]]), teacher_mean=torch.tensor([[3.0, 0.0]])
    )
    loss.sum().backward()
    assert loss.item() == 1.0
    close(student.grad[0], [-0.5, 0.0])

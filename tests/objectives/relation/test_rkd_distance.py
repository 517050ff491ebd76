from __future__ import annotations

import torch

from limbeck.objectives.relation.rkd_distance import RKDDistanceLoss
from objectives.oracle import close, distance, huber, rows


def relative(x):
    n = len(x)
    mean = sum(distance(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    return [[distance(x[i], x[j]) / mean for j in range(n)] for i in range(n)]


def oracle(student, teacher):
    s, t, n = relative(student), relative(teacher), len(student)
    return [sum(huber(s[i][j] - t[i][j]) for j in range(n) if j != i) / (n - 1) for i in range(n)]


def test_oracle():
    student, teacher = rows(6, 4, 1), rows(6, 9, 2)
    student[0] *= 12  # far enough for the linear part of the Huber loss
    close(RKDDistanceLoss()(student=student, teacher=teacher), oracle(student.tolist(), teacher.tolist()))


def test_by_hand():
    # teacher distances 1, 1, 2 over their mean 4/3: 0.75, 0.75, 1.5; student 1, 1, 0 over 2/3: 1.5, 1.5, 0
    teacher, student = torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([[0.0], [1.0], [0.0]])
    near, far = 0.75**2 / 2, 1.5 - 0.5
    expected = [(near + far) / 2, near, (near + far) / 2]
    close(RKDDistanceLoss()(student=student, teacher=teacher), expected)


def test_moving_turning_and_scaling_are_free():
    teacher = rows(6, 4, 1)
    turn = torch.linalg.qr(rows(4, 4, 2))[0]
    assert RKDDistanceLoss()(student=5 * teacher @ turn + 3, teacher=teacher).max() < 1e-10
    assert RKDDistanceLoss()(student=teacher * torch.tensor([1.0, 1.0, 1.0, 9.0]), teacher=teacher).min() > 1e-4


def test_a_row_that_occurs_twice_has_a_finite_gradient():
    student = torch.ones(4, 3)
    student[3] = 2
    student.requires_grad_()
    RKDDistanceLoss()(student=student, teacher=rows(4, 3, 1)).sum().backward()
    assert student.grad.isfinite().all()
    assert student.grad.any()

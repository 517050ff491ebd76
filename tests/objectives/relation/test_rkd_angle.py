from __future__ import annotations

import torch

from limbeck.objectives.relation import rkd_angle
from limbeck.objectives.relation.rkd_angle import RKDAngleLoss
from objectives.oracle import close, cos, huber, rows


def angle(x, i, j, k):
    return cos([a - b for a, b in zip(x[i], x[j], strict=True)], [a - b for a, b in zip(x[k], x[j], strict=True)])


def oracle(student, teacher):
    n, losses = len(student), []
    for j in range(n):
        values = [
            huber(angle(student, i, j, k) - angle(teacher, i, j, k))
            for i in range(n)
            for k in range(n)
            if len({i, j, k}) == 3
        ]
        losses.append(sum(values) / len(values))
    return losses


def test_oracle():
    student, teacher = rows(7, 2, 1), rows(7, 9, 2)
    close(RKDAngleLoss()(student=student, teacher=teacher), oracle(student.tolist(), teacher.tolist()))


def test_oracle_far_from_the_origin_beside_masked_rows():
    # inner products near 4e6 leave no digit for the angle unless the rows that count are moved to their own centre
    student, teacher, mask = rows(8, 4, 1) + 1000, rows(8, 4, 2) - 1000, torch.arange(8) % 2 == 0
    found = RKDAngleLoss()(student=student, teacher=teacher, mask=mask)
    close(found[mask], oracle(student[mask].tolist(), teacher[mask].tolist()))


def test_by_hand():
    # student: a right angle at the first row, 45 degrees at the others; teacher: 60 degrees everywhere
    student = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    teacher = torch.eye(3)
    half = (0.7071068 - 0.5) ** 2 / 2
    close(RKDAngleLoss()(student=student, teacher=teacher), [0.125, half, half])


def test_moving_turning_and_scaling_are_free():
    teacher = rows(6, 4, 1)
    turn = torch.linalg.qr(rows(4, 4, 2))[0]
    assert RKDAngleLoss()(student=5 * teacher @ turn + 3, teacher=teacher).max() < 1e-9
    assert RKDAngleLoss()(student=teacher * torch.tensor([1.0, 1.0, 1.0, 9.0]), teacher=teacher).min() > 1e-4


def test_rows_that_are_one_point_have_no_angle():
    student = rows(5, 3, 1)
    student[1] = student[0]
    teacher = rows(5, 3, 2)
    close(RKDAngleLoss()(student=student, teacher=teacher), oracle(student.tolist(), teacher.tolist()))


def test_blocks_change_nothing(monkeypatch):
    student, teacher = rows(9, 4, 1).requires_grad_(), rows(9, 4, 2)
    mask = torch.arange(9) != 4
    whole = RKDAngleLoss()(student=student, teacher=teacher, mask=mask)
    (expected,) = torch.autograd.grad(whole.sum(), student)
    calls = []
    block = rkd_angle._block
    monkeypatch.setattr(rkd_angle, "_BLOCK", 2 * 81)
    monkeypatch.setattr(rkd_angle, "_block", lambda *a: calls.append(a[-2:]) or block(*a))
    parts = RKDAngleLoss()(student=student, teacher=teacher, mask=mask)
    (found,) = torch.autograd.grad(parts.sum(), student)
    assert calls[:5] == [(0, 2), (2, 4), (4, 6), (6, 8), (8, 9)]
    close(parts.detach(), whole.tolist())
    close(found.flatten(), expected.flatten().tolist())

from __future__ import annotations

import torch

from limbeck.objectives.feature.cosine import CosineLoss
from objectives.oracle import close, cos, rows


def test_oracle():
    student, teacher = rows(6, 4, 1), rows(6, 4, 2)
    expected = [1 - cos(s, t) for s, t in zip(student.tolist(), teacher.tolist(), strict=True)]
    close(CosineLoss()(student=student, teacher=teacher), expected)


def test_by_hand():
    student = torch.tensor([[3.0, 4.0], [1.0, 0.0], [0.0, 0.0]])
    teacher = torch.tensor([[4.0, 3.0], [-2.0, 0.0], [1.0, 0.0]])
    close(CosineLoss()(student=student, teacher=teacher), [0.04, 2.0, 1.0])


def test_length_is_free():
    student, teacher = rows(6, 4, 1), rows(6, 4, 2)
    close(
        CosineLoss()(student=50 * student, teacher=0.1 * teacher),
        CosineLoss()(student=student, teacher=teacher).tolist(),
    )


def test_is_the_mse_of_normalised_vectors_times_half_the_width():
    student, teacher = rows(6, 4, 1), rows(6, 4, 2)
    unit = [torch.nn.functional.normalize(x) for x in (student, teacher)]
    close(CosineLoss()(student=student, teacher=teacher), ((unit[0] - unit[1]) ** 2).mean(-1).mul(4 / 2).tolist())

from __future__ import annotations

import math

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.objectives.affinity.similarity_distribution_kl import SimilarityDistributionKLLoss
from objectives.oracle import close, cos, rows, softmax


def kl(teacher, student):
    return sum(p * math.log(p / q) for p, q in zip(teacher, student, strict=True))


def oracle(student, teacher, anchors, temperature, teacher_temperature):
    losses = []
    for i in range(len(student)):
        others = [j for j in range(len(student)) if j != i]
        s_anchors = anchors if anchors is not None else [student[j] for j in others]
        t_anchors = anchors if anchors is not None else [teacher[j] for j in others]
        s = softmax([cos(student[i], a) / temperature for a in s_anchors])
        t = softmax([cos(teacher[i], a) / teacher_temperature for a in t_anchors])
        losses.append(kl(t, s))
    return losses


LOSS = SimilarityDistributionKLLoss(0.5, teacher_temperature=0.25)


def test_oracle_in_batch_with_two_widths():
    student, teacher = rows(6, 4, 1), rows(6, 9, 2)
    close(LOSS(student=student, teacher=teacher), oracle(student.tolist(), teacher.tolist(), None, 0.5, 0.25))


def test_oracle_with_anchors():
    student, teacher, key, bank = rows(6, 4, 1), rows(6, 4, 2), rows(6, 4, 3), rows(11, 4, 4)
    for given, anchors in (
        ({"target_anchors": bank}, bank),
        ({"teacher_key": key}, key),
        ({"teacher_key": key, "target_anchors": bank}, torch.cat([key, bank])),
    ):
        expected = oracle(student.tolist(), teacher.tolist(), anchors.tolist(), 0.5, 0.25)
        close(LOSS(student=student, teacher=teacher, **given), expected)


def test_by_hand():
    # teacher: (e, 1) / (e + 1) = (0.7311, 0.2689); student: (1/2, 1/2)
    found = SimilarityDistributionKLLoss(1.0, teacher_temperature=1.0)(
        student=torch.tensor([[1.0, 1.0]]), teacher=torch.tensor([[1.0, 0.0]]), target_anchors=torch.eye(2)
    )
    close(found, [0.7310586 * math.log(2 * 0.7310586) + 0.2689414 * math.log(2 * 0.2689414)])


def test_a_turned_copy_of_the_teacher_is_perfect():
    teacher = rows(6, 4, 1)
    turn = torch.linalg.qr(rows(4, 4, 2))[0]
    loss = SimilarityDistributionKLLoss()
    assert loss(student=3 * teacher @ turn, teacher=teacher).abs().max() < 1e-4
    assert loss(student=teacher @ turn, teacher=teacher, target_anchors=rows(9, 4, 3)).min() > 0.01


def test_masked_rows_are_no_anchors_but_the_bank_is():
    student, teacher, key, bank = rows(4, 4, 1), rows(4, 4, 2), rows(4, 4, 3), rows(2, 4, 4)
    mask = torch.tensor([True, False, False, False])
    found = LOSS(student=student, teacher=teacher, teacher_key=key, target_anchors=bank, mask=mask)
    anchors = torch.cat([key[:1], bank]).tolist()
    close(found, [*oracle(student[:1].tolist(), teacher[:1].tolist(), anchors, 0.5, 0.25), 0.0, 0.0, 0.0])


def test_anchors_need_one_space():
    with pytest.raises(UsageError, match=r"width 9 .* width 4"):
        LOSS(student=rows(6, 4, 1), teacher=rows(6, 9, 2), target_anchors=rows(3, 9, 3))


def test_temperatures_must_be_positive():
    with pytest.raises(UsageError, match=r"^temperature"):
        SimilarityDistributionKLLoss(0.0)
    with pytest.raises(UsageError, match="teacher_temperature"):
        SimilarityDistributionKLLoss(teacher_temperature=-0.1)

from __future__ import annotations

import math

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.functional.negatives import scattered
from limbeck.objectives.affinity.dynamic_contrastive import DynamicContrastiveLoss
from objectives.oracle import close, cos, rows, softmax


def one_way(student, teacher, group, count, draw=None):
    n, losses, order = len(student), [], draw or teacher
    for i in range(n):
        wrong = [j for j in range(n) if j != i and (group[i] < 0 or group[i] != group[j])]
        columns = [i, *sorted(wrong, key=lambda j: -order[i][j])[:count]]
        p, q = softmax([teacher[i][j] for j in columns]), softmax([student[i][j] for j in columns])
        weight = 1.0 if draw else -sum(x * math.log(x) for x in q) / math.log(len(columns))
        losses.append(weight * sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)))
    return losses


def transposed(matrix):
    return [list(column) for column in zip(*matrix, strict=True)]


def test_oracle():
    query, key, scores, group = rows(6, 4, 1), rows(6, 4, 2), 3 * rows(6, 6, 3), [0, 2, 0, -1, -1, 0]
    student = [[2.5 * cos(a, b) for b in key.tolist()] for a in query.tolist()]
    teacher = (scores / 0.5).tolist()
    forth = one_way(student, teacher, group, 2)
    back = one_way(transposed(student), transposed(teacher), group, 2)
    found = DynamicContrastiveLoss(2, teacher_temperature=0.5)(
        query=query,
        key=key,
        scale=torch.tensor(2.5),
        teacher_scores=scores,
        target_group=torch.tensor(group),
    )
    close(found, [(a + b) / 2 for a, b in zip(forth, back, strict=True)])


def test_blind_draws_pairs_of_one_weight():
    query, key, scores = rows(6, 4, 1), rows(6, 4, 2), 3 * rows(6, 6, 3)
    student = [[2.5 * cos(a, b) for b in key.tolist()] for a in query.tolist()]
    forth = one_way(student, scores.tolist(), [-1] * 6, 2, scattered(scores).tolist())
    back = one_way(transposed(student), scores.T.tolist(), [-1] * 6, 2, scattered(scores.T).tolist())
    inputs = {"query": query, "key": key, "scale": torch.tensor(2.5), "teacher_scores": scores}
    found = DynamicContrastiveLoss(2, blind=True)(**inputs)
    close(found, [(a + b) / 2 for a, b in zip(forth, back, strict=True)])
    assert not torch.allclose(found, DynamicContrastiveLoss(2)(**inputs))


def test_blind_with_every_negative_is_the_divergence_over_the_whole_batch():
    query, key, scores = rows(5, 4, 1), rows(5, 4, 2), rows(5, 5, 3)
    student = torch.tensor([[3 * cos(a, b) for b in key.tolist()] for a in query.tolist()])
    expected = []
    for i in range(5):
        halves = []
        for mine, wanted in ((student[i], scores[i]), (student[:, i], scores[:, i])):
            p, q = softmax(wanted.tolist()), softmax(mine.tolist())
            halves.append(sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)))
        expected.append(sum(halves) / 2)
    every = DynamicContrastiveLoss(99, blind=True)
    close(every(query=query, key=key, scale=torch.tensor(3.0), teacher_scores=scores), expected)


def test_by_hand():
    # the student is undecided (weight 1), the teacher says 3:1: 0.75 log 1.5 + 0.25 log 0.5 = 0.1308
    same, scores = torch.ones(2, 3), math.log(3) * torch.eye(2)
    found = DynamicContrastiveLoss()(query=same, key=same, scale=torch.tensor(9.0), teacher_scores=scores)
    close(found, [0.130812] * 2)


def test_only_the_teachers_hardest_negative_moves():
    query, key = rows(4, 5, 1), rows(4, 5, 2).requires_grad_()
    scores = torch.zeros(4, 4)
    scores[0, 2] = 5.0
    loss = DynamicContrastiveLoss(1)(query=query, key=key, scale=torch.tensor(3.0), teacher_scores=scores)
    # the forward half of row 0 and the backward half of row 0 see keys 0 and 2, and key 0
    loss[0].backward()
    assert key.grad[0].any()
    assert key.grad[2].any()
    assert not key.grad[[1, 3]].any()


def test_what_the_student_has_mastered_weighs_nothing():
    eye, scores = torch.eye(3), 4 * torch.eye(3)
    sure = DynamicContrastiveLoss()(query=eye, key=eye, scale=torch.tensor(100.0), teacher_scores=scores)
    unsure = DynamicContrastiveLoss()(query=eye, key=eye, scale=torch.tensor(0.1), teacher_scores=scores)
    assert sure.max() < 1e-6
    assert unsure.min() > 0.1


def test_settings():
    for wrong in ({"negatives": 0}, {"teacher_temperature": 0.0}):
        with pytest.raises(UsageError, match="not valid"):
            DynamicContrastiveLoss(**wrong)

from __future__ import annotations

import math

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.functional.negatives import scattered
from limbeck.objectives.affinity.random_negative_kl import RandomNegativeKLLoss
from objectives.oracle import close, cos, rows, softmax


def one_way(student, teacher, draw, count):
    n, losses = len(student), []
    for i in range(n):
        columns = [i, *sorted((j for j in range(n) if j != i), key=lambda j: -draw[i][j])[:count]]
        p, q = softmax([teacher[i][j] for j in columns]), softmax([student[i][j] for j in columns])
        losses.append(sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)))
    return losses


def test_oracle():
    query, key, scores = rows(6, 4, 1), rows(6, 4, 2), 3 * rows(6, 6, 3)
    student = torch.tensor([[2.5 * cos(a, b) for b in key.tolist()] for a in query.tolist()])
    forth = one_way(student.tolist(), scores.tolist(), scattered(scores).tolist(), 2)
    back = one_way(student.T.tolist(), scores.T.tolist(), scattered(scores.T).tolist(), 2)
    found = RandomNegativeKLLoss(2)(query=query, key=key, scale=torch.tensor(2.5), teacher_scores=scores)
    close(found, [(a + b) / 2 for a, b in zip(forth, back, strict=True)])


def test_all_negatives_are_the_whole_batch():
    query, key, scores = rows(5, 4, 1), rows(5, 4, 2), rows(5, 5, 3)
    student = torch.tensor([[3 * cos(a, b) for b in key.tolist()] for a in query.tolist()])
    expected = []
    for i in range(5):
        halves = []
        for mine, wanted in ((student[i], scores[i]), (student[:, i], scores[:, i])):
            p, q = softmax(wanted.tolist()), softmax(mine.tolist())
            halves.append(sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)))
        expected.append(sum(halves) / 2)
    found = RandomNegativeKLLoss(99)(query=query, key=key, scale=torch.tensor(3.0), teacher_scores=scores)
    close(found, expected)


def test_by_hand():
    same, scores = torch.ones(2, 3), math.log(3) * torch.eye(2)
    found = RandomNegativeKLLoss()(query=same, key=same, scale=torch.tensor(9.0), teacher_scores=scores)
    close(found, [0.130812] * 2)


def test_settings():
    with pytest.raises(UsageError, match="not valid"):
        RandomNegativeKLLoss(0)

from __future__ import annotations

import math

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.objectives.affinity.affinity_mimicking import AffinityMimickingLoss
from objectives.oracle import close, cos, rows, softmax


def oracle(query, key, scale, teacher_query, teacher_key, temperature):
    n, losses = len(query), []
    for i in range(n):
        total = 0.0
        for one, other, t_one, t_other in (
            (query, key, teacher_query, teacher_key),
            (key, query, teacher_key, teacher_query),
        ):
            student = softmax([scale * cos(one[i], other[j]) for j in range(n)])
            teacher = softmax([cos(t_one[i], t_other[j]) / temperature for j in range(n)])
            total -= sum(p * math.log(q) for p, q in zip(teacher, student, strict=True))
        losses.append(total / 2)
    return losses


def test_oracle():
    tensors = [rows(6, 4, 1), rows(6, 4, 2), rows(6, 9, 3), rows(6, 9, 4)]
    query, key, teacher_query, teacher_key = (x.tolist() for x in tensors)
    found = AffinityMimickingLoss(0.2)(
        query=tensors[0], key=tensors[1], scale=torch.tensor(3.0), teacher_query=tensors[2], teacher_key=tensors[3]
    )
    close(found, oracle(query, key, 3.0, teacher_query, teacher_key, 0.2))


def test_by_hand():
    # student knows nothing (1/2, 1/2), teacher's rows are sure: cross-entropy log 2 either way
    found = AffinityMimickingLoss(0.01)(
        query=torch.ones(2, 3),
        key=torch.ones(2, 3),
        scale=torch.tensor(7.0),
        teacher_query=torch.eye(2),
        teacher_key=torch.eye(2),
    )
    close(found, [0.693147, 0.693147])


def test_the_teachers_own_affinities_are_the_minimum():
    one, other = rows(6, 4, 1), rows(6, 4, 2)
    loss = AffinityMimickingLoss(0.25)
    best = loss(query=one, key=other, scale=torch.tensor(4.0), teacher_query=one, teacher_key=other)
    for scale in (2.0, 3.9, 4.1, 8.0):
        worse = loss(query=one, key=other, scale=torch.tensor(scale), teacher_query=one, teacher_key=other)
        assert worse.mean() > best.mean()


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_must_be_positive(temperature):
    with pytest.raises(UsageError, match="teacher_temperature"):
        AffinityMimickingLoss(temperature)

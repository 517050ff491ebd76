from __future__ import annotations

import math

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.objectives.affinity.similarity_distribution_matching import SimilarityDistributionMatchingLoss
from objectives.oracle import close, cos, rows, softmax


def oracle(query, key, group, temperature, epsilon):
    n, losses = len(query), []
    for i in range(n):
        right = [float(j == i or (group[i] >= 0 and group[i] == group[j])) for j in range(n)]
        total = 0.0
        for a, b in ((query, key), (key, query)):
            p = softmax([cos(a[i], b[j]) / temperature for j in range(n)])
            total += sum(p[j] * math.log(p[j] / (right[j] / sum(right) + epsilon)) for j in range(n))
        losses.append(total)
    return losses


@pytest.mark.parametrize(("temperature", "epsilon"), [(0.5, 1e-8), (0.1, 1e-3)])
def test_oracle(temperature, epsilon):
    query, key, group = rows(6, 4, 1), rows(6, 4, 2), [0, 2, 0, -1, -1, 0]
    found = SimilarityDistributionMatchingLoss(temperature, epsilon=epsilon)(
        query=query, key=key, target_group=torch.tensor(group)
    )
    close(found, oracle(query.tolist(), key.tolist(), group, temperature, epsilon), 1e-4)


def test_by_hand():
    # two equal rows of one group: p = r = (1/2, 1/2), and epsilon takes off next to nothing
    same = torch.ones(2, 3)
    loss = SimilarityDistributionMatchingLoss()
    close(loss(query=same, key=same, target_group=torch.tensor([4, 4])), [0.0, 0.0])
    # without the group half of the mass is on a wrong row: 2 * (0.5 log 0.5 + 0.5 log(0.5 / 1e-8))
    close(loss(query=same, key=same), [math.log(0.5) * 2 + 8 * math.log(10)] * 2, 1e-4)


def test_a_second_right_answer_wants_its_share():
    query = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    group, loss = torch.tensor([1, 1, -1]), SimilarityDistributionMatchingLoss(0.1)
    shared = loss(query=query, key=query, target_group=group)
    apart = loss(query=query, key=torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]]), target_group=group)
    assert shared[0] < 0.01
    assert apart[0] > shared[0] + 0.5


def test_settings_are_positive():
    with pytest.raises(UsageError, match="temperature"):
        SimilarityDistributionMatchingLoss(0.0)
    with pytest.raises(UsageError, match="epsilon"):
        SimilarityDistributionMatchingLoss(epsilon=-1.0)

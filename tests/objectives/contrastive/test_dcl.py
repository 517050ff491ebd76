from __future__ import annotations

import math

import torch

from limbeck.objectives.contrastive.dcl import DCLLoss
from objectives.oracle import close, cos, rows


def oracle(query, key, scale, group=None):
    n, losses = len(query), []
    for i in range(n):
        rivals = [j for j in range(n) if j != i and (group is None or group[i] != group[j] or group[i] < 0)]
        forth = sum(math.exp(scale * cos(query[i], key[j])) for j in rivals)
        back = sum(math.exp(scale * cos(query[j], key[i])) for j in rivals)
        losses.append(0.5 * (math.log(forth) + math.log(back)) - scale * cos(query[i], key[i]))
    return losses


def test_oracle():
    query, key, group = rows(6, 4, 1), rows(6, 4, 2), [0, 2, 0, -1, -1, 0]
    scale = torch.tensor(3.0)
    close(DCLLoss()(query=query, key=key, scale=scale), oracle(query.tolist(), key.tolist(), 3.0))
    found = DCLLoss()(query=query, key=key, scale=scale, target_group=torch.tensor(group))
    close(found, oracle(query.tolist(), key.tolist(), 3.0, group))


def test_by_hand():
    # l_ii = 2, l_ij = 0: log e^0 - 2
    close(DCLLoss()(query=torch.eye(2), key=torch.eye(2), scale=torch.tensor(2.0)), [-2.0, -2.0])


def test_the_pull_does_not_fade():
    # A positive that is far ahead of its only rival: InfoNCE's gradient of the scale is near 0, here it is -1 a row.
    scale = torch.tensor(50.0, requires_grad=True)
    DCLLoss()(query=torch.eye(2), key=torch.eye(2), scale=scale).mean().backward()
    close(scale.grad, -1.0)


def test_a_row_without_negatives_is_zero():
    close(DCLLoss()(query=rows(1, 4, 1), key=rows(1, 4, 2), scale=torch.tensor(9.0)), [0.0])

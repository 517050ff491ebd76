from __future__ import annotations

import math

import torch

from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from objectives.oracle import close, cos, rows


def oracle(query, key, scale, group=None):
    n, losses = len(query), []
    for i in range(n):
        rivals = [j for j in range(n) if j == i or group is None or group[i] != group[j] or group[i] < 0]
        forth = sum(math.exp(scale * cos(query[i], key[j])) for j in rivals)
        back = sum(math.exp(scale * cos(query[j], key[i])) for j in rivals)
        own = scale * cos(query[i], key[i])
        losses.append(0.5 * (math.log(forth) - own + math.log(back) - own))
    return losses


def test_oracle():
    query, key = rows(6, 4, 1), rows(6, 4, 2)
    close(InfoNCELoss()(query=query, key=key, scale=torch.tensor(3.0)), oracle(query.tolist(), key.tolist(), 3.0))


def test_oracle_with_groups():
    query, key, group = rows(6, 4, 1), rows(6, 4, 2), [0, 2, 0, -1, -1, 0]
    found = InfoNCELoss()(query=query, key=key, scale=torch.tensor(3.0), target_group=torch.tensor(group))
    close(found, oracle(query.tolist(), key.tolist(), 3.0, group))


def test_by_hand():
    # cosines are the identity matrix: -log(e^1 / (e^1 + e^0)) = 0.3133 in both directions
    eye = torch.eye(2)
    close(InfoNCELoss()(query=5 * eye, key=eye, scale=torch.tensor(1.0)), [0.313262, 0.313262])


def test_a_model_that_knows_nothing_scores_log_n():
    same = torch.ones(8, 3)
    close(InfoNCELoss()(query=same, key=same, scale=torch.tensor(20.0)), [math.log(8)] * 8)


def test_a_caption_that_occurs_twice_is_no_negative():
    query = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    key = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    scale, loss = torch.tensor(100.0), InfoNCELoss()
    assert loss(query=query, key=key, scale=scale)[0] > 0.3
    assert loss(query=query, key=key, scale=scale, target_group=torch.tensor([4, 4, -1])).max() < 1e-3


def test_one_row_has_nothing_to_confuse_it_with():
    close(InfoNCELoss()(query=rows(1, 4, 1), key=rows(1, 4, 2), scale=torch.tensor(9.0)), [0.0])

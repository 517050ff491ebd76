from __future__ import annotations

import math

import torch

from limbeck.objectives.contrastive.siglip import SigLIPLoss
from objectives.oracle import close, cos, rows


def oracle(query, key, scale, bias, group=None):
    losses = []
    for i, one in enumerate(query):
        total = 0.0
        for j, other in enumerate(key):
            if i != j and group is not None and group[i] == group[j] >= 0:
                continue
            sign = 1 if i == j else -1
            total -= math.log(1 / (1 + math.exp(-sign * (scale * cos(one, other) + bias))))
        losses.append(total)
    return losses


def test_oracle():
    query, key = rows(6, 4, 1), rows(6, 4, 2)
    found = SigLIPLoss()(query=query, key=key, scale=torch.tensor(3.0), bias=torch.tensor(-2.0))
    close(found, oracle(query.tolist(), key.tolist(), 3.0, -2.0))


def test_oracle_with_groups():
    query, key, group = rows(6, 4, 1), rows(6, 4, 2), [0, 2, 0, -1, -1, 0]
    found = SigLIPLoss()(
        query=query, key=key, scale=torch.tensor(3.0), bias=torch.tensor(-2.0), target_group=torch.tensor(group)
    )
    close(found, oracle(query.tolist(), key.tolist(), 3.0, -2.0, group))


def test_by_hand():
    # logits are 0 everywhere: two questions of log 2 each
    zero = torch.zeros(2, 3)
    close(SigLIPLoss()(query=zero, key=zero, scale=torch.tensor(5.0), bias=torch.tensor(0.0)), [1.386294, 1.386294])


def test_rows_do_not_compete():
    # Two right answers for one query cost InfoNCE log 2; here each pair is judged alone.
    key = rows(5, 4, 2)
    loss = SigLIPLoss()
    arguments = {"scale": torch.tensor(3.0), "bias": torch.tensor(-2.0)}
    alone = loss(query=key[:1], key=key[:1], **arguments)
    negative = [loss(query=key[[0, j]], key=key[[0, j]], **arguments)[0] - alone[0] for j in range(1, 5)]
    close(loss(query=key, key=key, **arguments)[0], float(alone[0] + sum(negative)))


def test_huge_logits_are_finite():
    eye = torch.eye(3)
    found = SigLIPLoss()(query=eye, key=-eye, scale=torch.tensor(1e4), bias=torch.tensor(0.0))
    assert found.isfinite().all()
    assert (found > 9000).all()

from __future__ import annotations

import math

import torch

from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.objectives.contrastive.late_interaction import LateInteractionLoss
from objectives.oracle import close, cos


def tokens(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def oracle(query, key, key_mask, scale, group):
    n, losses = len(query), []
    real = [[v for v, m in zip(row, kept, strict=True) if m] for row, kept in zip(key, key_mask, strict=True)]

    def forth(i, j):
        return scale * sum(max(cos(a, b) for b in real[j]) for a in query[i]) / len(query[i])

    def back(i, j):  # caption i looks at picture j
        return scale * sum(max(cos(a, b) for a in query[j]) for b in real[i]) / len(real[i])

    for i in range(n):
        rivals = [j for j in range(n) if j == i or group[i] != group[j] or group[i] < 0]
        one = math.log(sum(math.exp(forth(i, j)) for j in rivals)) - forth(i, i)
        two = math.log(sum(math.exp(back(i, j)) for j in rivals)) - back(i, i)
        losses.append((one + two) / 2)
    return losses


def test_oracle():
    query, key = tokens(4, 3, 5, seed=1), tokens(4, 2, 5, seed=2)
    key_mask, group = torch.tensor([[1, 1], [1, 0], [0, 1], [1, 1]]).bool(), torch.tensor([3, -1, 3, -1])
    found = LateInteractionLoss()(query=query, key=key, scale=torch.tensor(4.0), key_mask=key_mask, target_group=group)
    close(found, oracle(query.tolist(), key.tolist(), key_mask.tolist(), 4.0, group.tolist()))


def test_by_hand():
    # similarities are the identity matrix: log(1 + e^-1) = 0.3133
    eye = torch.eye(2)[:, None, :]
    close(LateInteractionLoss()(query=eye, key=7 * eye, scale=torch.tensor(1.0)), [0.313262] * 2)


def test_one_token_a_row_is_info_nce():
    query, key, scale = tokens(5, 1, 4, seed=1), tokens(5, 1, 4, seed=2), torch.tensor(3.0)
    expected = InfoNCELoss()(query=query[:, 0], key=key[:, 0], scale=scale)
    torch.testing.assert_close(LateInteractionLoss()(query=query, key=key, scale=scale), expected)


def test_one_shared_part_is_enough_where_the_mean_would_hide_it():
    # each picture holds its word in one patch of four; the other patches are one background
    words = torch.eye(4)
    background = torch.full((4, 3, 4), 0.5)
    pictures = torch.cat([words[:, None, :], background], dim=1)
    scale = torch.tensor(20.0)
    late = LateInteractionLoss()(query=pictures, key=words[:, None, :], scale=scale)
    pooled = InfoNCELoss()(query=pictures.mean(1), key=words, scale=scale)
    assert late.mean() < pooled.mean()

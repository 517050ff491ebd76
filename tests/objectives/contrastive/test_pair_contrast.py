from __future__ import annotations

import math

import torch

from limbeck.objectives.contrastive.info_nce import InfoNCELoss
from limbeck.objectives.contrastive.pair_contrast import PairContrastLoss
from objectives.oracle import close, rows


def test_oracle_with_groups():
    scores, group = 2 * rows(5, 5, 1), [4, -1, 4, -1, 0]
    expected = []
    for i in range(5):
        rivals = [j for j in range(5) if j == i or group[i] < 0 or group[i] != group[j]]
        forth = math.log(sum(math.exp(scores[i, j]) for j in rivals)) - scores[i, i].item()
        back = math.log(sum(math.exp(scores[j, i]) for j in rivals)) - scores[i, i].item()
        expected.append((forth + back) / 2)
    close(PairContrastLoss()(scores=scores, target_group=torch.tensor(group)), expected)


def test_scores_of_two_towers_give_info_nce():
    query, key, scale = rows(6, 4, 1), rows(6, 4, 2), torch.tensor(3.0)
    unit = [torch.nn.functional.normalize(x, dim=-1) for x in (query, key)]
    expected = InfoNCELoss()(query=query, key=key, scale=scale)
    torch.testing.assert_close(PairContrastLoss()(scores=scale * unit[0] @ unit[1].T), expected)


def test_by_hand():
    close(PairContrastLoss()(scores=math.log(3) * torch.eye(2)), [math.log(4 / 3)] * 2)

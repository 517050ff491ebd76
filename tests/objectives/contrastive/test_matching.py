from __future__ import annotations

import math

import torch

from limbeck.objectives.contrastive.matching import MatchingLoss
from objectives.oracle import close, rows


def test_oracle():
    positive, one, two = rows(3, 5, 1)
    expected = [
        (math.log(1 + math.exp(-p)) + math.log(1 + math.exp(a)) + math.log(1 + math.exp(b))) / 3
        for p, a, b in zip(positive.tolist(), one.tolist(), two.tolist(), strict=True)
    ]
    close(MatchingLoss()(positive=positive, negative_query=one, negative_key=two), expected)


def test_by_hand():
    zero = torch.zeros(1)
    close(MatchingLoss()(positive=zero, negative_query=zero, negative_key=zero), [math.log(2)])


def test_a_missing_wrong_pair_costs_nothing():
    never = torch.full((1,), -1e4)
    close(MatchingLoss()(positive=torch.full((1,), 50.0), negative_query=never, negative_key=never), [0.0])

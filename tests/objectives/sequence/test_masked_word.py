from __future__ import annotations

import math

import torch

from limbeck.objectives.sequence.masked_word import MaskedWordLoss
from objectives.oracle import close, softmax


def test_oracle():
    logits = torch.randn(3, 4, 6, generator=torch.Generator().manual_seed(1))
    target = [[-1, 2, 5, -1], [-1, -1, -1, 0], [-1, -1, -1, -1]]
    expected = []
    for row, wanted in zip(logits.tolist(), target, strict=True):
        costs = [-math.log(softmax(position)[word]) for position, word in zip(row, wanted, strict=True) if word >= 0]
        expected.append(sum(costs) / len(costs) if costs else 0.0)
    close(MaskedWordLoss()(logits=logits, target=torch.tensor(target)), expected)


def test_a_model_that_knows_nothing_scores_log_of_the_vocabulary():
    target = torch.tensor([[1, -1], [0, 7]])
    close(MaskedWordLoss()(logits=torch.zeros(2, 2, 8), target=target), [math.log(8)] * 2)


def test_only_hidden_positions_get_gradient():
    logits = torch.zeros(1, 3, 4, requires_grad=True)
    MaskedWordLoss()(logits=logits, target=torch.tensor([[-1, 2, -1]])).sum().backward()
    assert logits.grad[0, 1].any()
    assert not logits.grad[0, [0, 2]].any()

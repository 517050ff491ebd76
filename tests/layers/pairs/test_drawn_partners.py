from __future__ import annotations

import math

import torch

from limbeck.layers.pairs.drawn_partners import DrawnPartners
from objectives.oracle import softmax

LOGITS = torch.tensor([[9.0, 1.0, 0.0], [0.0, 9.0, 0.0], [3.0, 1.0, 9.0]])
WRONG = ~torch.eye(3, dtype=torch.bool)


def test_evaluation_takes_the_hardest():
    assert DrawnPartners().eval()(LOGITS, WRONG)[[0, 2]].tolist() == [1, 0]


def test_training_draws_in_proportion_to_the_softmax():
    torch.manual_seed(0)
    layer = DrawnPartners().train()
    found = torch.stack([layer(LOGITS, WRONG) for _ in range(4000)])
    for row, logits in enumerate(LOGITS.tolist()):
        logits[row] = -math.inf
        share = torch.bincount(found[:, row], minlength=3) / len(found)
        torch.testing.assert_close(share, torch.tensor(softmax(logits)), rtol=0, atol=0.03)


def test_a_draw_follows_from_the_state_of_the_generator():
    layer, found = DrawnPartners().train(), []
    for seed in (1, 1, 2, 3, 4, 5):
        torch.manual_seed(seed)
        found.append(layer(torch.zeros(8, 8), ~torch.eye(8, dtype=torch.bool)).tolist())
    assert found[0] == found[1]
    assert len({tuple(row) for row in found}) == 5


def test_a_row_without_a_wrong_partner_has_none():
    assert DrawnPartners()(LOGITS, torch.zeros(3, 3, dtype=torch.bool)).tolist() == [-1, -1, -1]

from __future__ import annotations

import math

import torch

from limbeck.functional.draws import drawn_column
from objectives.oracle import softmax

ALLOWED = torch.tensor([[True, True, False, True], [False, False, False, False]])


def test_oracle():
    logits, luck = torch.randn(2, 4), torch.rand(2, 4)
    keys = [x - math.log(-math.log(u)) for x, u in zip(logits[0].tolist(), luck[0].tolist(), strict=True)]
    best = max((0, 1, 3), key=lambda j: keys[j])
    assert drawn_column(logits, ALLOWED, luck).tolist() == [best, -1]


def test_columns_are_drawn_as_the_softmax_says():
    logits = torch.tensor([2.0, 0.5, 9.0, 1.0])
    generator = torch.Generator().manual_seed(0)
    luck = torch.rand(20_000, 4, generator=generator)
    found = drawn_column(logits.expand(20_000, -1), ALLOWED[:1].expand(20_000, -1), luck)
    share = torch.bincount(found, minlength=4) / 20_000
    expected = softmax([2.0, 0.5, -math.inf, 1.0])
    torch.testing.assert_close(share, torch.tensor(expected), rtol=0, atol=0.015)


def test_luck_at_the_ends_is_finite():
    luck = torch.tensor([[0.0, 1.0, 0.5, 0.0]])
    assert drawn_column(torch.zeros(1, 4), ALLOWED[:1], luck).tolist() == [1]

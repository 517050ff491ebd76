from __future__ import annotations

import torch

from limbeck.functional.negatives import hardest, scattered, top_negatives
from objectives.oracle import rows

ALLOWED = ~torch.eye(6, dtype=torch.bool)


def test_hardest_oracle():
    scores = rows(6, 6, 1)
    expected = [max((j for j in range(6) if j != i), key=lambda j: scores[i, j]) for i in range(6)]
    assert hardest(scores, ALLOWED).tolist() == expected


def test_hardest_of_nothing_is_minus_one():
    assert hardest(torch.ones(2, 2), torch.tensor([[False, False], [True, False]])).tolist() == [-1, 0]


def test_top_negatives_oracle():
    scores = rows(6, 6, 2)
    for count in (1, 3, 5, 99):
        found = top_negatives(scores, ALLOWED, count)
        for i, row in enumerate(scores.tolist()):
            order = sorted((j for j in range(6) if j != i), key=lambda j: -row[j])[:count]
            assert set(found[i].nonzero().flatten().tolist()) == set(order)


def test_top_negatives_by_hand():
    scores = torch.tensor([[9.0, 1.0, 2.0, 3.0]])
    allowed = torch.tensor([[False, True, True, True]])
    assert top_negatives(scores, allowed, 2).tolist() == [[False, False, True, True]]


def test_a_row_that_allows_nothing_gets_nothing():
    assert not top_negatives(torch.ones(2, 3), torch.zeros(2, 3, dtype=torch.bool), 2).any()


def test_scattered_looks_like_a_draw_and_is_one_function_of_the_value():
    scores = rows(40, 40, 3)
    found = scattered(scores)
    assert found.min() >= 0
    assert found.max() < 1
    assert abs(found.mean() - 0.5) < 0.02
    assert abs(torch.corrcoef(torch.stack([scores.flatten(), found.flatten()]))[0, 1]) < 0.05
    order = torch.randperm(40)
    assert torch.equal(scattered(scores[order]), found[order])

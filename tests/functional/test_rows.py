from __future__ import annotations

import torch

from limbeck.functional.rows import different, keep_losses, keep_rows, kept_pairs, masked_mean, same_group

MASK = torch.tensor([True, False, True])


def test_keep_rows_stops_content_and_gradient():
    x = torch.tensor([[1.0, 2.0], [float("nan"), 1.0], [3.0, 4.0]], requires_grad=True)
    kept = keep_rows(x, MASK)
    assert kept.tolist() == [[1.0, 2.0], [0.0, 0.0], [3.0, 4.0]]
    kept.square().sum().backward()
    assert x.grad.tolist() == [[2.0, 4.0], [0.0, 0.0], [6.0, 8.0]]


def test_keep_rows_takes_any_rank_and_widens():
    x = torch.ones(3, 2, 2, dtype=torch.bfloat16)
    assert keep_rows(x, MASK).sum((1, 2)).tolist() == [4.0, 0.0, 4.0]
    assert keep_rows(x, None).dtype is torch.float32


def test_keep_losses():
    assert keep_losses(torch.tensor([1.0, float("inf"), 3.0]), MASK).tolist() == [1.0, 0.0, 3.0]


def test_pairs():
    x = torch.zeros(3, 5)
    assert kept_pairs(x, MASK).tolist() == [[True, False, True], [False] * 3, [True, False, True]]
    assert kept_pairs(x, None).all()
    assert different(kept_pairs(x, MASK)).nonzero().tolist() == [[0, 2], [2, 0]]


def test_same_group():
    assert same_group(torch.tensor([3, -1, 3, -1, 0])).nonzero().tolist() == [[0, 2], [2, 0]]


def test_masked_mean():
    values = torch.tensor([[1.0, 3.0], [5.0, float("nan")]])
    keep = torch.tensor([[True, True], [True, False]])
    assert masked_mean(values, keep, -1).tolist() == [2.0, 5.0]
    assert masked_mean(values, keep, (0, 1)).item() == 3.0
    assert masked_mean(values, torch.zeros(2, 2, dtype=torch.bool), 0).tolist() == [0.0, 0.0]

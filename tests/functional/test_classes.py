from __future__ import annotations

import torch

from limbeck.functional.classes import class_sums, one_hot


def test_oracle():
    x, label = torch.randn(9, 3), torch.tensor([0, 2, 2, -1, 0, 1, -1, 2, 0])
    sums, counts = class_sums(x, label, 4)
    for k in range(4):
        mine = [row for row, c in zip(x.tolist(), label.tolist(), strict=True) if c == k]
        expected = [sum(column) for column in zip(*mine, strict=True)] if mine else [0.0] * 3
        torch.testing.assert_close(sums[k], torch.tensor(expected))
        assert counts[k] == len(mine)


def test_one_hot_by_hand():
    assert one_hot(torch.tensor([2, -1, 0]), 3).tolist() == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_a_row_without_class_has_no_effect_and_no_gradient():
    x = torch.randn(2, 3, requires_grad=True)
    class_sums(x, torch.tensor([-1, 1]), 2)[0].sum().backward()
    assert x.grad.tolist() == [[0, 0, 0], [1, 1, 1]]

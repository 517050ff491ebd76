from __future__ import annotations

import torch

from limbeck.objectives.contrastive.alignment import AlignmentLoss
from objectives.oracle import close, cos, rows


def test_oracle():
    query, key = rows(6, 4, 1), rows(6, 4, 2)
    expected = [2 - 2 * cos(a, b) for a, b in zip(query.tolist(), key.tolist(), strict=True)]
    close(AlignmentLoss()(query=query, key=key), expected)


def test_by_hand():
    query = torch.tensor([[2.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    key = torch.tensor([[5.0, 0.0], [0.0, 3.0], [-1.0, 0.0]])
    close(AlignmentLoss()(query=query, key=key), [0.0, 2.0, 4.0])


def test_both_sides_move():
    query, key = rows(3, 4, 1).requires_grad_(), rows(3, 4, 2).requires_grad_()
    AlignmentLoss()(query=query, key=key).sum().backward()
    assert query.grad.any()
    assert key.grad.any()

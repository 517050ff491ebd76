from __future__ import annotations

import torch

from limbeck.layers.prototype.class_mean import ClassMean


def test_means_of_all_that_was_seen():
    layer = ClassMean(2, classes=3)
    x, label = torch.randn(8, 2), torch.tensor([0, 1, 1, -1, 0, 0, 1, -1])
    layer(features=x[:4], label=label[:4])
    found = layer(features=x[4:], label=label[4:])
    for row, y in zip(found, label[4:].tolist(), strict=True):
        mine = [v for v, c in zip(x.tolist(), label.tolist(), strict=True) if c == y]
        expected = [sum(column) / len(mine) for column in zip(*mine, strict=True)] if y >= 0 else [0.0, 0.0]
        torch.testing.assert_close(row, torch.tensor(expected))


def test_evaluation_does_not_move_it_and_it_is_saved():
    layer = ClassMean(1, classes=2)
    layer(features=torch.tensor([[4.0]]), label=torch.tensor([1]))
    again = ClassMean(1, classes=2).eval()
    again.load_state_dict(layer.state_dict())
    ask = {"features": torch.tensor([[100.0], [100.0]]), "label": torch.tensor([1, 0])}
    for _ in range(2):
        assert again(**ask).tolist() == [[4.0], [0.0]]


def test_no_gradient_is_kept():
    x = torch.randn(3, 2, requires_grad=True)
    assert not ClassMean(2, classes=2)(features=x, label=torch.tensor([0, 1, 1])).requires_grad

from __future__ import annotations

import torch
from torch import nn

from limbeck.layers.tokens.dropping_embeddings import DroppingEmbeddings


class Numbered(nn.Module):
    """Token number in every channel: 0 is the class token."""

    def forward(self, x):
        return torch.arange(11.0).reshape(1, 11, 1).expand(len(x), 11, 4)


def test_the_class_token_and_the_kept_patches_in_order():
    layer = DroppingEmbeddings(Numbered(), dropped=0.7).train()
    found = layer(torch.zeros(5, 3))
    assert found.shape == (5, 4, 4)
    assert found[:, 0, 0].tolist() == [0.0] * 5
    for row in range(5):
        assert found[row, 1:, 0].tolist() == [place + 1.0 for place in layer.kept[row].tolist()]
        assert layer.kept[row].tolist() == sorted(set(layer.kept[row].tolist()))
    assert len({tuple(row) for row in layer.kept.tolist()}) > 1


def test_each_patch_is_kept_as_often_as_any_other():
    layer = DroppingEmbeddings(Numbered(), dropped=0.7).train()
    layer(torch.zeros(4000, 3))
    share = torch.bincount(layer.kept.flatten(), minlength=10) / 4000
    assert (share - 0.3).abs().max() < 0.03


def test_evaluation_sees_everything_and_one_patch_always_stays():
    layer = DroppingEmbeddings(Numbered(), dropped=0.99)
    assert layer.train()(torch.zeros(2, 3)).shape == (2, 2, 4)
    assert torch.equal(layer.eval()(torch.zeros(2, 3)), Numbered()(torch.zeros(2, 3)))
    assert layer.kept.tolist() == [list(range(10))] * 2

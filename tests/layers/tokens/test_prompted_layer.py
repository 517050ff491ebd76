from __future__ import annotations

import torch
from torch import nn

from limbeck.layers.tokens.prompted_layer import PromptedLayer


class Same(nn.Module):
    def forward(self, x, mask=None):
        return x


def test_tokens_are_put_in_behind_the_first_and_exchanged_later():
    first = PromptedLayer(Same(), count=2, width=3)
    second = PromptedLayer(Same(), count=2, width=3, exchanges=2)
    x = torch.randn(4, 5, 3)
    once = first(x, None)
    assert torch.equal(once[:, 0], x[:, 0])
    assert torch.equal(once[:, 3:], x[:, 1:])
    assert torch.equal(once[2, 1:3], first.prompt)
    twice = second(once, None)
    assert twice.shape == once.shape
    assert torch.equal(twice[1, 1:3], second.prompt)
    assert torch.equal(twice[:, 3:], x[:, 1:])


def test_gradient_reaches_the_tokens():
    layer = PromptedLayer(nn.Linear(3, 3), count=2, width=3)
    layer(torch.randn(4, 5, 3)).sum().backward()
    assert bool((layer.prompt.grad.abs() > 0).all())

from __future__ import annotations

import torch

from limbeck.core.describe import build, describe, equal
from limbeck.heads.linear import LinearHead


def test_the_equation_in_naive_python():
    head, x = LinearHead(3, width=2), torch.randn(4, 3)
    weight, bias = head.map.weight.tolist(), head.map.bias.tolist()
    expected = [
        [sum(w * v for w, v in zip(row, xs, strict=True)) + b for row, b in zip(weight, bias, strict=True)]
        for xs in x.tolist()
    ]
    torch.testing.assert_close(head(x), torch.tensor(expected))


def test_without_bias_nothing_gives_nothing_and_tokens_pass():
    head = LinearHead(3, width=2, bias=False)
    assert not head(torch.zeros(1, 3)).any()
    assert head(torch.randn(2, 5, 3)).shape == (2, 5, 2)


def test_dropout_in_training_only():
    head = LinearHead(64, width=2, dropout=0.5)
    x = torch.ones(1, 64)
    assert not torch.equal(head(x), head(x))
    head.eval()
    assert torch.equal(head(x), head(x))


def test_settings_survive_json():
    head = LinearHead(3, width=2, bias=False, dropout=0.1)
    assert equal(build(describe(head)), head)

from __future__ import annotations

import pytest
import torch
from torch import nn

from limbeck.layers.adapter.lora_linear import LoRALinear


def moved(bias=True):
    torch.manual_seed(0)
    layer = LoRALinear(nn.Linear(5, 3, bias=bias), rank=2, alpha=6.0)
    with torch.no_grad():
        layer.up.copy_(torch.randn(3, 2))
    return layer


def test_oracle():
    layer, x = moved(), torch.randn(5)
    middle = [sum(float(layer.down[r, i]) * float(x[i]) for i in range(5)) for r in range(2)]
    for o in range(3):
        plain = sum(float(layer.base.weight[o, i]) * float(x[i]) for i in range(5)) + float(layer.base.bias[o])
        change = 3.0 * sum(float(layer.up[o, r]) * middle[r] for r in range(2))
        assert float(layer(x)[o].detach()) == pytest.approx(plain + change, abs=1e-5)


def test_at_first_it_is_the_base_and_only_the_change_trains():
    base = nn.Linear(5, 3)
    layer, x = LoRALinear(base, rank=2), torch.randn(4, 5)
    assert torch.equal(layer(x), base(x))
    assert {name for name, p in layer.named_parameters() if p.requires_grad} == {"down", "up"}


@pytest.mark.parametrize("bias", [True, False])
def test_merged_is_a_plain_layer_with_the_same_answer(bias):
    layer, x = moved(bias), torch.randn(4, 5)
    assert type(layer.merged()) is nn.Linear
    torch.testing.assert_close(layer.merged()(x), layer(x))

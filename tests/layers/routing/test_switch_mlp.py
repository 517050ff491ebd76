from __future__ import annotations

import math

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.layers.routing.switch_mlp import SwitchMLP
from objectives.oracle import softmax


def test_oracle():
    layer = SwitchMLP(3, hidden=4, width=2, experts=5)
    torch.nn.init.normal_(layer.first_bias)
    torch.nn.init.normal_(layer.second_bias)
    x = torch.randn(6, 3)
    found = layer(x)
    for row, answer in zip(x.tolist(), found.tolist(), strict=True):
        gate = softmax([sum(w * v for w, v in zip(g, row, strict=True)) for g in layer.gate.weight.tolist()])
        e = gate.index(max(gate))
        middle = [
            sum(row[i] * layer.first[e, i, j].item() for i in range(3)) + layer.first_bias[e, 0, j].item()
            for j in range(4)
        ]
        middle = [v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in middle]
        expected = [
            gate[e] * sum(middle[j] * layer.second[e, j, k].item() for j in range(4))
            + layer.second_bias[e, 0, k].item()
            for k in range(2)
        ]
        assert answer == pytest.approx(expected, abs=1e-5)


def test_only_the_chosen_expert_and_the_gate_learn():
    layer, x = SwitchMLP(3, hidden=4, width=2, experts=3), torch.randn(1, 3)
    chosen = int(layer.gate(x).argmax())
    layer(x).sum().backward()
    for expert in range(3):
        assert bool(layer.first.grad[expert].any()) == (expert == chosen)
    assert layer.gate.weight.grad.any()


def test_rows_do_not_look_at_one_another():
    layer, x = SwitchMLP(3, hidden=4, width=2), torch.randn(6, 3)
    torch.testing.assert_close(layer(x)[2:4], layer(x[2:4]))


def test_refused():
    with pytest.raises(UsageError, match="experts 0"):
        SwitchMLP(3, hidden=4, width=2, experts=0)

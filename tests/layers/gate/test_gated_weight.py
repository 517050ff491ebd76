from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from limbeck.layers.gate.gated_weight import GatedWeight


class Fixed:
    """Gates that never change."""

    def __init__(self, **gates: list[float]) -> None:
        self.gates = {name: torch.tensor(values, requires_grad=True) for name, values in gates.items()}

    def drawn(self, group: str) -> Tensor:
        return self.gates[group]


def test_equals_loops_over_both_axes() -> None:
    bank = Fixed(heads=[0.0, 0.5], hidden=[1.0, 0.0, 2.0])
    weight = torch.arange(1.0, 13.0).reshape(4, 3)
    found = GatedWeight([("heads", 0, 2), ("hidden", 1, 1)], bank=bank)(weight)
    for i in range(4):
        for j in range(3):
            expected = weight[i, j] * bank.gates["heads"][i // 2] * bank.gates["hidden"][j]
            assert found[i, j] == expected


def test_gradient_reaches_gates_and_weight_and_the_product_stays_when_it_is_taken_off() -> None:
    bank = Fixed(hidden=[1.0, 0.0, 2.0])
    linear = nn.Linear(3, 2, bias=False)
    before = linear.weight.detach().clone()
    parametrize.register_parametrization(linear, "weight", GatedWeight([("hidden", 1, 1)], bank=bank))
    linear(torch.ones(1, 3)).sum().backward()
    assert torch.allclose(bank.gates["hidden"].grad, before.sum(0))
    parametrize.remove_parametrizations(linear, "weight")
    assert torch.allclose(linear.weight, before * torch.tensor([1.0, 0.0, 2.0]))


def test_open_gates_change_nothing_and_the_bank_is_not_registered() -> None:
    part = GatedWeight([("hidden", 0, 1)], bank=Fixed(hidden=[1.0, 1.0]))
    weight = torch.randn(2, 5, generator=torch.Generator().manual_seed(0))
    assert torch.equal(part(weight), weight)
    assert not list(part.parameters())

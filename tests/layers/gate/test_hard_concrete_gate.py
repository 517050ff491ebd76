from __future__ import annotations

import math

import pytest
import torch

from limbeck.layers.gate.hard_concrete_gate import HardConcreteGate


def gate(locations):
    made = HardConcreteGate(len(locations), start=0.5, gain=4.0)
    with torch.no_grad():
        made.shift.copy_((torch.tensor(locations) - 0.5) / 4.0)
    return made


def test_oracle_in_evaluation():
    places = [-4.0, -1.0, 0.0, 1.0, 4.0]
    expected = [min(1.0, max(0.0, 1.2 / (1 + math.exp(-a)) - 0.1)) for a in places]
    torch.testing.assert_close(gate(places).eval()().detach(), torch.tensor(expected))


def test_open_is_the_share_of_draws_that_are_not_zero():
    places = [-3.0, -1.0, 0.0, 1.5]
    made = gate(places).train()
    draws = torch.stack([made().detach() for _ in range(4000)])
    assert draws.min() == 0
    assert draws.max() == 1
    expected = [1 / (1 + math.exp(-(a - 2 / 3 * math.log(0.1 / 1.1)))) for a in places]
    torch.testing.assert_close(made.open().detach(), torch.tensor(expected))
    torch.testing.assert_close((draws > 0).float().mean(0), torch.tensor(expected), atol=0.03, rtol=0)


def test_a_penalty_shuts_a_gate_for_good():
    made = HardConcreteGate(3)
    optimizer = torch.optim.Adam(made.parameters(), lr=0.01)
    for _ in range(150):
        optimizer.zero_grad()
        (made.open() * torch.tensor([1.0, 0.0, 0.0])).sum().backward()
        optimizer.step()
    found = made.eval()().detach()
    assert float(found[0]) == 0.0
    assert found[1:].tolist() == pytest.approx([1.0, 1.0])

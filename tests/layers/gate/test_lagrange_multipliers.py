from __future__ import annotations

import torch

from limbeck.layers.gate.lagrange_multipliers import LagrangeMultipliers


def test_what_descends_on_the_loss_climbs_on_the_price():
    prices = LagrangeMultipliers(gain=10.0)
    found = prices()
    assert {name: float(value.detach()) for name, value in found.items()} == {"linear": 0.0, "quadratic": 0.0}
    (3.0 * found["linear"] - 2.0 * found["quadratic"]).backward()
    assert (float(prices.first.grad), float(prices.second.grad)) == (-30.0, 20.0)
    with torch.no_grad():
        prices.first.copy_(torch.tensor(0.25))
    assert float(prices()["linear"].detach()) == 2.5

from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.layers.gate.lagrange_multipliers import LagrangeMultipliers
from limbeck.objectives.regulariser.lagrangian_sparsity import LagrangianSparsityLoss
from objectives.oracle import close


def test_oracle_and_by_hand():
    density = torch.tensor([0.9, 0.5, 0.1])
    found = LagrangianSparsityLoss(0.5, weight=2.0)(
        density=density, linear=torch.tensor(3.0), quadratic=torch.tensor(5.0)
    )
    close(found, [3 * (p - 0.5) + 5 * (p - 0.5) ** 2 + 2 * (p - 0.5) ** 2 for p in density.tolist()])
    close(found, [1.2 + 1.12, 0.0, -1.2 + 1.12])


def test_prices_climb_until_the_target_is_held():
    # a density that would like to be 1, held by prices that are learned with it
    torch.manual_seed(0)
    logit, prices = torch.nn.Parameter(torch.tensor(2.0)), LagrangeMultipliers(gain=10.0)
    optimizer = torch.optim.Adam([logit, *prices.parameters()], lr=0.02)
    for _ in range(600):
        density = torch.sigmoid(logit).expand(1)
        loss = -0.5 * density.mean() + LagrangianSparsityLoss(0.3)(density=density, **prices()).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(torch.sigmoid(logit.detach())) == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("settings", [{"target": 0.0}, {"target": 1.2}, {"weight": -1.0}])
def test_bad_settings_are_refused(settings):
    with pytest.raises(UsageError, match=next(iter(settings))):
        LagrangianSparsityLoss(**settings)

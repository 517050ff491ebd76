from __future__ import annotations

import math

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.objectives.regulariser.uniformity import UniformityLoss
from objectives.oracle import cos, rows


def oracle(query, key, sharpness):
    n = len(query)
    kernel = [math.exp(-sharpness * (2 - 2 * cos(query[i], key[j]))) for i in range(n) for j in range(n) if i != j]
    return math.log(sum(kernel) / len(kernel))


def test_oracle():
    query, key = rows(5, 4, 1), rows(5, 4, 2)
    for sharpness in (0.5, 2.0):
        loss = UniformityLoss(sharpness)
        assert loss(query=query).item() == pytest.approx(oracle(query.tolist(), query.tolist(), sharpness), abs=1e-5)
        assert loss(query=query, key=key).item() == pytest.approx(
            oracle(query.tolist(), key.tolist(), sharpness), abs=1e-5
        )


def test_by_hand():
    # two opposite points: |x - y|^2 = 4, so log exp(-2 * 4) = -8
    assert UniformityLoss()(query=torch.tensor([[1.0, 0.0], [-3.0, 0.0]])).item() == pytest.approx(-8.0)
    assert UniformityLoss()(query=torch.ones(4, 3)).item() == pytest.approx(0.0, abs=1e-6)


def test_its_gradient_spreads_points():
    torch.manual_seed(0)
    x = (torch.randn(16, 3) * 0.05 + torch.tensor([1.0, 0.0, 0.0])).requires_grad_()
    before = UniformityLoss()(query=x)
    optimizer = torch.optim.SGD([x], lr=1.0)
    for _ in range(100):
        optimizer.zero_grad()
        UniformityLoss()(query=x).backward()
        optimizer.step()
    assert UniformityLoss()(query=x) < before - 2
    assert torch.nn.functional.normalize(x.detach(), dim=-1).mean(0).norm() < 0.2


def test_sharpness_is_positive():
    with pytest.raises(UsageError, match="sharpness 0"):
        UniformityLoss(0.0)

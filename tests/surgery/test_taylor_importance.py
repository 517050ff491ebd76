from __future__ import annotations

import pytest
import torch
from torch import nn

from limbeck.surgery.taylor_importance import taylor_importance


def test_oracle_and_by_hand():
    module = nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[2.0, -3.0]]))
    batches = [torch.tensor([[1.0, 4.0]]), torch.tensor([[5.0, -1.0]])]
    found = taylor_importance(module, (module(x).sum() for x in batches))
    # |w x| summed over batches: 2 * (1 + 5), 3 * (4 + 1)
    assert found["weight"].tolist() == [[12.0, 15.0]]
    assert module.weight.grad is None


def test_it_predicts_what_setting_a_weight_to_zero_does_to_a_linear_loss():
    torch.manual_seed(0)
    module, x = nn.Linear(5, 1, bias=False), torch.randn(1, 5)
    found = taylor_importance(module, [module(x).sum()])["weight"]
    whole = float(module(x).sum().detach())
    for i in range(5):
        without = module.weight.detach().clone()
        without[0, i] = 0.0
        assert float(found[0, i]) == pytest.approx(abs(whole - float((x @ without.T).sum())), abs=1e-5)


def test_weights_that_no_loss_reaches_have_none():
    module = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
    found = taylor_importance(module, [module[0](torch.ones(1, 2)).sum()])
    assert found["0.weight"].any()
    assert not found["1.weight"].any()

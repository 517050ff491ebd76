from __future__ import annotations

from torch import nn

from limbeck.core.recipe import Optimisation
from limbeck.core.scale import LogitScale
from limbeck.stages.optimizer import make_optimizer


def test_only_matrices_and_convolutions_decay() -> None:
    model = nn.ModuleList([nn.Conv2d(1, 2, 3), nn.LayerNorm(4), nn.Linear(2, 2), LogitScale()])
    model[2].bias.requires_grad_(False)
    decayed, plain = make_optimizer(model, Optimisation(weight_decay=0.1, betas=(0.8, 0.9))).param_groups
    assert [tuple(p.shape) for p in decayed["params"]] == [(2, 1, 3, 3), (2, 2)]
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.1, 0.0)
    assert sum(p.numel() for p in plain["params"]) == 2 + 8 + 2
    assert decayed["betas"] == (0.8, 0.9)
    assert decayed["fused"]


def test_a_lone_scalar_trains() -> None:
    assert len(make_optimizer(LogitScale(), Optimisation()).param_groups) == 1

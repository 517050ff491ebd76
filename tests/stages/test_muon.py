from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from limbeck.core.describe import build, describe
from limbeck.core.errors import UsageError
from limbeck.core.recipe import Optimisation
from limbeck.stages.muon import MuonAdamW, layer_matrices
from limbeck.stages.optimizer import make_optimizer
from stages import worlds

MUON = Optimisation(optimizer="muon", learning_rate=0.02, weight_decay=0.1)


def naive(weight: Tensor, gradients: list[Tensor], *, rate: float, decay: float) -> Tensor:
    """The formula of the docstring on a matrix, with the iteration written out in the bf16 that Muon uses."""
    weight, momentum = weight.clone(), torch.zeros_like(weight)
    for gradient in gradients:
        momentum = 0.95 * momentum + 0.05 * gradient
        x = (0.05 * gradient + 0.95 * momentum).bfloat16()
        tall = x.shape[0] > x.shape[1]
        x = x.T if tall else x
        x = x / x.norm()
        for _ in range(5):
            square = x @ x.T
            x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
        x = x.T if tall else x
        weight = (1 - rate * decay) * weight - rate * 0.2 * max(weight.shape) ** 0.5 * x.float()
    return weight


def stepped(module: nn.Module, gradients: list[list[Tensor]]) -> torch.optim.AdamW:
    optimizer = make_optimizer(module, MUON)
    for given in gradients:
        for parameter, gradient in zip(module.parameters(), given, strict=True):
            parameter.grad = gradient.clone(memory_format=torch.preserve_format)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return optimizer


@pytest.mark.parametrize("shape", [(6, 4), (4, 10), (5, 5)])
def test_a_linear_layer_is_moved_as_the_formula_says(shape: tuple[int, int]) -> None:
    layer = nn.Linear(shape[1], shape[0], bias=False)
    start = layer.weight.detach().clone()
    given = [torch.randn(shape, generator=worlds.seeded(number)) for number in range(3)]
    stepped(layer, [[one] for one in given])
    wanted = naive(start, given, rate=0.02, decay=0.1)
    # bf16 rounds where sums are grouped differently: by a twentieth of what the weights move by, at most
    assert (layer.weight - wanted).abs().mean() < 0.05 * (wanted - start).abs().mean()


def test_an_update_moves_every_direction_of_a_matrix_alike() -> None:
    layer = nn.Linear(8, 16, bias=False)
    start = layer.weight.detach().clone()
    u, _, v = torch.linalg.svd(torch.randn(16, 8, generator=worlds.seeded(0)), full_matrices=False)
    steep = u @ torch.diag(torch.logspace(0, -1, 8)) @ v
    stepped(layer, [[steep]])
    moved = torch.linalg.svdvals(layer.weight.detach() - (1 - 0.02 * 0.1) * start) / (0.02 * 0.2 * 16**0.5)
    assert all(0.6 < float(one) < 1.3 for one in moved)  # of a gradient whose values span a factor of ten


def test_a_convolution_is_a_matrix_in_either_memory_format() -> None:
    torch.manual_seed(0)
    plain = nn.Conv2d(3, 8, 3, bias=False)
    swapped = nn.Conv2d(3, 8, 3, bias=False)
    swapped.load_state_dict(plain.state_dict())
    swapped.to(memory_format=torch.channels_last)
    start = plain.weight.detach().clone()
    given = [torch.randn(8, 3, 3, 3, generator=worlds.seeded(number)) for number in range(2)]
    stepped(plain, [[one] for one in given])
    # torch may hand over a gradient that lies in memory otherwise than its weight
    stepped(swapped, [[given[0]], [given[1].contiguous(memory_format=torch.channels_last)]])
    wanted = naive(start.flatten(1), [one.flatten(1) for one in given], rate=0.02, decay=0.1)
    moved = (wanted - start.flatten(1)).abs().mean()
    assert (plain.weight.flatten(1) - wanted).abs().mean() < 0.05 * moved
    assert (swapped.weight - plain.weight).abs().mean() < 0.05 * moved
    assert swapped.weight.is_contiguous(memory_format=torch.channels_last)


def test_all_else_is_moved_as_adamw_moves_it() -> None:
    class Mixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(1)
            self.words = nn.Embedding(5, 4)
            self.deep = nn.Conv2d(4, 4, 3, groups=4, bias=False)
            self.up = nn.ConvTranspose2d(4, 2, 3, bias=False)
            self.layer = nn.Linear(4, 4)
            self.tied = nn.Linear(4, 5, bias=False)
            self.tied.weight = self.words.weight
            self.norm = nn.LayerNorm(4)

    muon, adam = Mixed(), Mixed()
    assert [tuple(one.shape) for one in layer_matrices(muon)] == [(4, 4)]
    given = [torch.randn(p.shape, generator=worlds.seeded(9)) for p in muon.parameters()]
    optimizers = [make_optimizer(muon, MUON), make_optimizer(adam, replace(MUON, optimizer="adamw"))]
    for model, optimizer in zip((muon, adam), optimizers, strict=True):
        for parameter, gradient in zip(model.parameters(), given, strict=True):
            parameter.grad = gradient.clone()
        optimizer.step()
    assert [isinstance(one, MuonAdamW) for one in optimizers] == [True, False]
    for (name, first), second in zip(muon.named_parameters(), adam.parameters(), strict=True):
        assert torch.equal(first, second) == (name != "layer.weight"), name
    assert muon.layer.weight.grad is not None  # the gradients are where they were
    optimizers[0].state_dict()


def test_a_weight_without_gradient_and_a_frozen_one_stay() -> None:
    model = nn.ModuleList([nn.Linear(3, 3), nn.Linear(3, 3)])
    model[1].weight.requires_grad_(False)
    before = [p.detach().clone() for p in model.parameters()]
    make_optimizer(model, MUON).step()
    assert all(map(torch.equal, before, model.parameters()))
    assert layer_matrices(model) == [model[0].weight]


def test_a_weight_whose_memory_was_replaced_is_still_moved() -> None:
    layer, plain = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
    plain.load_state_dict(layer.state_dict())
    optimizers = [(one, make_optimizer(one, MUON)) for one in (layer, plain)]
    for number in range(2):
        for one, optimizer in optimizers:
            one.weight.grad = torch.randn(4, 4, generator=worlds.seeded(number))
            optimizer.step()
        layer.weight.data = layer.weight.data.clone()
    assert torch.equal(layer.weight, plain.weight)


def test_other_convolutions() -> None:
    model = nn.ModuleList([nn.Conv1d(2, 4, 3), nn.Conv3d(2, 4, 3)])
    before = [one.weight.detach().clone() for one in model]
    given = [torch.ones_like(p) for p in model.parameters()]
    stepped(model, [given])
    assert len(layer_matrices(model)) == 2
    assert all(not torch.equal(old, one.weight) for old, one in zip(before, model, strict=True))


def test_the_rate_of_the_group_is_followed() -> None:
    layer = nn.Linear(3, 3, bias=False)
    start = layer.weight.detach().clone()
    optimizer = make_optimizer(layer, MUON)
    layer.weight.grad = torch.eye(3)
    for group in optimizer.param_groups:
        group["lr"] = 0.0
    optimizer.step()
    assert torch.equal(layer.weight, start)


@pytest.mark.parametrize("ema", [None, 0.9])
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path, ema: float | None) -> None:
    spec = worlds.spec(6, save_every=3, optimizer="muon", ema=ema)
    held = worlds.resumed(spec, {}, tmp_path)
    plain = worlds.resumed(worlds.spec(6, save_every=3, ema=ema), {}, tmp_path / "adamw")
    assert held.keys() == plain.keys()
    assert any(not torch.equal(value, plain[name]) for name, value in held.items())


def test_the_name_is_checked_and_described_only_where_it_is_asked_for() -> None:
    with pytest.raises(UsageError, match="did you mean 'muon'"):
        Optimisation(optimizer="moun")
    told: Any = json.loads(json.dumps(describe(MUON)))
    assert told["optimizer"] == "muon"
    assert build(told) == MUON
    assert "optimizer" not in describe(Optimisation())

from __future__ import annotations

import contextlib

import pytest
import torch
from torch import nn

from limbeck.core.errors import ArtefactError
from limbeck.stages.ema import Average


def test_follows_the_formula() -> None:
    model = nn.Linear(1, 1, bias=False)
    average = Average(model, decay=0.5)
    expected = model.weight.item()
    for step in range(1, 12):
        with torch.no_grad():
            model.weight.fill_(step)
        average.update(step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * step
        assert float(average.values[0]) == pytest.approx(expected, rel=1e-5)


def test_swaps_for_a_while_and_leaves_the_optimizer_its_parameters() -> None:
    model = nn.Linear(2, 2)
    average = Average(model, decay=0.9)
    parameter = model.weight
    with torch.no_grad():
        model.weight.fill_(3.0)
    live, averaged = model.weight.detach().clone(), average.values[0].clone()
    with contextlib.suppress(RuntimeError), average.applied():
        assert torch.equal(model.weight, averaged)
        raise RuntimeError
    assert model.weight is parameter
    assert torch.equal(model.weight, live)
    assert torch.equal(average.values[0], averaged)


def test_frozen_parameters_are_left_out_and_state_round_trips() -> None:
    model = nn.Linear(2, 2)
    model.bias.requires_grad_(False)
    first, second = Average(model, decay=0.9), Average(model, decay=0.9)
    assert list(first.state()) == ["weight"]
    second.load({"weight": torch.ones(2, 2)})
    assert torch.equal(second.state()["weight"], torch.ones(2, 2))
    with pytest.raises(ArtefactError, match="other weights"):
        second.load({"bias": torch.ones(2)})

"""The learned scale: exp of a parameter, capped; a bias; both described by their first values."""

from __future__ import annotations

import math

import pytest
import torch

from limbeck.core.scale import LogitScale


def test_scale_and_bias_on_request():
    scale = LogitScale(20.0, bias=-10.0)
    found = scale(want=("scale", "bias"))
    assert found.names() == ("scale", "bias")
    assert found["scale"].item() == pytest.approx(20.0)
    assert found["bias"].item() == -10.0
    assert scale().names() == ("scale",)
    assert found["scale"].shape == ()


def test_the_scale_is_capped():
    scale = LogitScale(10.0, limit=50.0)
    with torch.no_grad():
        scale.log_scale.fill_(9.0)
    assert scale()["scale"].item() == pytest.approx(50.0)


def test_both_learn():
    scale = LogitScale(5.0)
    found = scale(want=("scale", "bias"))
    (2 * found["scale"] + 3 * found["bias"]).backward()
    assert scale.log_scale.grad.item() == pytest.approx(2 * 5.0, rel=1e-5)
    assert scale.offset.grad.item() == 3.0
    assert scale.log_scale.item() == pytest.approx(math.log(5.0))


def test_bias_follows_training():
    scale = LogitScale(bias=-10.0)
    with torch.no_grad():
        scale.offset.add_(1.0)
    assert scale.bias == -9.0

from __future__ import annotations

import math

import pytest
import torch

from limbeck.layers.projector.mlp import MLPProjector


def linear(layer, x):
    return [
        sum(w * v for w, v in zip(row, x, strict=True)) + b
        for row, b in zip(*map(torch.Tensor.tolist, layer), strict=True)
    ]


@pytest.mark.parametrize("layer_norm", [False, True])
def test_oracle(layer_norm):
    torch.manual_seed(0)
    projector = MLPProjector(5, hidden=7, width=3, layer_norm=layer_norm)
    x = [0.5, -1.0, 2.0, 3.0, -0.25]
    value = x
    if layer_norm:
        mean = sum(x) / 5
        deviation = math.sqrt(sum((v - mean) ** 2 for v in x) / 5 + 1e-5)
        value = [(v - mean) / deviation for v in x]
    middle = linear((projector.into.weight, projector.into.bias), value)
    middle = [v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in middle]
    expected = linear((projector.out.weight, projector.out.bias), middle)
    found = projector(torch.tensor([x]))
    assert found.tolist()[0] == pytest.approx(expected, abs=1e-5)


def test_any_leading_axes_and_kept_arguments():
    projector = MLPProjector(5, hidden=7, width=3)
    assert projector(torch.zeros(2, 4, 5)).shape == (2, 4, 3)
    assert (projector.in_width, projector.hidden, projector.width, projector.layer_norm) == (5, 7, 3, False)


def test_layer_norm_makes_the_scale_of_features_irrelevant():
    torch.manual_seed(0)
    projector = MLPProjector(5, hidden=7, width=3, layer_norm=True)
    x = torch.randn(4, 5)
    torch.testing.assert_close(projector(1000 * x), projector(x), rtol=1e-3, atol=1e-3)


def test_standardised_features_have_mean_0_and_deviation_1_and_it_is_saved():
    torch.manual_seed(0)
    features = 40 * torch.randn(200, 5) + torch.tensor([0.0, 1.0, 100.0, -7.0, 3.0])
    projector = MLPProjector(5, hidden=7, width=3)
    plain = MLPProjector(5, hidden=7, width=3)
    plain.load_state_dict(projector.state_dict())
    projector.standardise(features)
    scaled = torch.tensor(
        [[(v - column.mean()) / (column.std() + 1e-3) for v in column] for column in features.T]
    ).T  # by hand
    assert scaled.mean(0).abs().max() < 1e-4
    torch.testing.assert_close(projector(features), plain(scaled), atol=1e-4, rtol=1e-4)
    plain.load_state_dict(projector.state_dict())
    assert torch.equal(projector(features), plain(features))
    assert not any(parameter.grad_fn for parameter in (projector.shift, projector.factor))

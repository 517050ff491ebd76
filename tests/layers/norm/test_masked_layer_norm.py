from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from limbeck.layers.norm.masked_layer_norm import MaskedLayerNorm


def made():
    torch.manual_seed(0)
    norm = nn.LayerNorm(6)
    with torch.no_grad():
        norm.weight.copy_(torch.randn(6))
        norm.bias.copy_(torch.randn(6))
    return norm, MaskedLayerNorm(norm)


def test_oracle():
    norm, masked = made()
    masked.keep = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
    x = torch.randn(3, 6)
    for row, found in zip(x.tolist(), masked(x).tolist(), strict=True):
        kept = [v for v, k in zip(row, masked.keep.tolist(), strict=True) if k]
        mean = sum(kept) / 4
        deviation = math.sqrt(sum((v - mean) ** 2 for v in kept) / 4 + norm.eps)
        for c in range(6):
            expected = (row[c] - mean) / deviation * float(norm.weight[c]) + float(norm.bias[c])
            assert found[c] == pytest.approx(expected if masked.keep[c] else 0.0, abs=1e-5)


def test_it_is_the_plain_norm_of_what_is_left():
    norm, masked = made()
    chosen = [0, 2, 5]
    masked.keep = torch.zeros(6).index_fill(0, torch.tensor(chosen), 1.0)
    small = nn.LayerNorm(3)
    with torch.no_grad():
        small.weight.copy_(norm.weight[chosen])
        small.bias.copy_(norm.bias[chosen])
    x = torch.randn(4, 6)
    torch.testing.assert_close(masked(x)[:, chosen], small(x[:, chosen]))


def test_with_everything_kept_it_is_the_norm_and_gives_it_back():
    norm, masked = made()
    x = torch.randn(4, 6)
    torch.testing.assert_close(masked(x), norm(x), atol=1e-6, rtol=1e-5)
    assert masked.norm.weight is norm.weight
    assert set(masked.state_dict()) == {"weight", "bias"}


def test_nothing_kept_is_zero():
    _, masked = made()
    masked.keep = torch.zeros(6)
    assert not masked(torch.randn(2, 6)).any()

from __future__ import annotations

import pytest
import torch

from limbeck.layers.alignment.dynamic_alignment import DynamicAlignment


def test_oracle():
    torch.manual_seed(0)
    layer = DynamicAlignment(4, levels=3, widths=(5, 2))
    with torch.no_grad():
        layer.mixture.copy_(torch.randn(2, 3))
    levels = [torch.randn(2, 6, 4) for _ in range(3)]
    found = layer(first=levels[0], second=levels[1], third=levels[2])
    for j, adaptor in enumerate(layer.adaptors):
        mixed = sum(float(layer.mixture[j, i]) * level for i, level in enumerate(levels))
        torch.testing.assert_close(found[f"level.{j}"], mixed @ adaptor.weight.T + adaptor.bias)


def test_at_first_every_level_counts_alike():
    layer = DynamicAlignment(4, levels=2, widths=(4,))
    with torch.no_grad():
        layer.adaptors[0].weight.copy_(torch.eye(4))
        layer.adaptors[0].bias.zero_()
    found = layer(first=torch.full((1, 1, 4), 2.0), second=torch.full((1, 1, 4), 6.0))
    assert found["level.0"].tolist() == [[[4.0] * 4]]


def test_it_finds_the_level_that_the_teacher_is_made_of():
    torch.manual_seed(0)
    layer = DynamicAlignment(4, levels=2, widths=(4,))
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.02)
    turn = torch.randn(4, 4)
    for _ in range(300):
        first, second = torch.randn(32, 2, 4), torch.randn(32, 2, 4)
        loss = (layer(first=first, second=second)["level.0"] - second @ turn).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert abs(float(layer.mixture[0, 1])) > 10 * abs(float(layer.mixture[0, 0]))


def test_another_number_of_levels_is_refused():
    with pytest.raises(ValueError, match="1 student levels"):
        DynamicAlignment(4, levels=2, widths=(4,))(first=torch.zeros(1, 1, 4))

from __future__ import annotations

import torch

from limbeck.functional.product import product


def test_fp32_inside_autocast():
    first, second = torch.full((1, 3), 1.001), torch.full((3, 1), 1.001)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (first @ second).dtype is torch.bfloat16
        found = product(first, second)
    assert found.dtype is torch.float32
    assert abs(found.item() - 3 * 1.001**2) < 1e-5


def test_bf16_is_widened_before_it_is_multiplied():
    first = torch.randn(4, 300, generator=torch.Generator().manual_seed(0)).bfloat16()
    exact = first.double() @ first.double().T
    assert (product(first, first.T) - exact).abs().max() < 1e-3

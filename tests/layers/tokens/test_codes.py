from __future__ import annotations

import torch

from limbeck.layers.tokens.codes import Codes


def test_the_table_trains_and_starts_near_length_one():
    torch.manual_seed(0)
    codes = Codes(200, width=64)
    assert codes()["codes"] is codes.codes
    assert codes.codes.requires_grad
    assert abs(codes.codes.norm(dim=-1).mean().item() - 1) < 0.05

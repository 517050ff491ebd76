from __future__ import annotations

import torch

from limbeck.objectives.feature.mse import MSELoss
from limbeck.objectives.feature.token_mse import TokenMSELoss


def test_oracle():
    s, t = torch.randn(3, 4, 2), torch.randn(3, 4, 2)
    expected = [
        sum((x - y) ** 2 for p, q in zip(a, b, strict=True) for x, y in zip(p, q, strict=True)) / 8
        for a, b in zip(s.tolist(), t.tolist(), strict=True)
    ]
    torch.testing.assert_close(TokenMSELoss()(student=s, teacher=t), torch.tensor(expected))


def test_one_token_is_a_vector():
    s, t = torch.randn(3, 5), torch.randn(3, 5)
    found = TokenMSELoss()(student=s[:, None], teacher=t[:, None])
    torch.testing.assert_close(found, MSELoss()(student=s, teacher=t))

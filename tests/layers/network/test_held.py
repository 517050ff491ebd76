from __future__ import annotations

import torch

from limbeck.layers.network.held import Held


def test_the_same_numbers_and_no_gradient() -> None:
    x = torch.randn(3, 4, requires_grad=True)
    found = Held()(x=x)
    assert torch.equal(found, x)
    (found * x).sum().backward()
    assert torch.equal(x.grad, x.detach())  # of the second factor alone

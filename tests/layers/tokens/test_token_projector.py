from __future__ import annotations

import torch

from limbeck.layers.tokens.token_projector import TokenProjector
from objectives.oracle import close


def test_oracle():
    torch.manual_seed(0)
    projector, tokens = TokenProjector(5, width=4), torch.randn(2, 3, 5)
    mask = torch.tensor([[1, 1, 1], [1, 0, 1]]).bool()
    found = projector(tokens=tokens, mask=mask)
    mapped = projector.into(projector.norm(tokens))
    torch.testing.assert_close(found["tokens"], mapped)
    assert torch.equal(found["mask"], mask)
    for row in range(2):
        real = [v for v, kept in zip(mapped[row].tolist(), mask[row], strict=True) if kept]
        unit = [[x / sum(y * y for y in v) ** 0.5 for x in v] for v in real]
        close(found["pooled"][row], [sum(column) / len(unit) for column in zip(*unit, strict=True)])


def test_without_a_mask_all_tokens_are_real():
    found = TokenProjector(5, width=4)(tokens=torch.randn(2, 3, 5))
    assert found["mask"].all()

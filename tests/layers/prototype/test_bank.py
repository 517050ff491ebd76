from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.layers.prototype.bank import PrototypeBank
from objectives.oracle import cos, softmax


def test_oracle():
    bank = PrototypeBank(4, count=3, temperature=0.5)
    tokens, held = torch.randn(2, 5, 4), bank.prototypes.tolist()
    found = bank(tokens=tokens)
    assert torch.equal(bank(tokens=tokens[:1], query=tokens[1:])["retrieved"], bank(tokens=tokens[1:])["tokens"])
    for i in range(2):
        for j in range(5):
            share = softmax([cos(tokens[i, j].tolist(), p) / 0.5 for p in held])
            mixed = [sum(w * p[c] for w, p in zip(share, held, strict=True)) for c in range(4)]
            torch.testing.assert_close(found["tokens"][i, j], torch.tensor(mixed), atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(found["likeness"][i, j], torch.tensor(share), atol=1e-5, rtol=1e-5)


def test_a_cold_bank_answers_with_the_nearest_prototype():
    bank = PrototypeBank(4, count=3, temperature=1e-4)
    asked = (0.1 * bank.prototypes[2] + 0.001).detach()[None, None]
    torch.testing.assert_close(bank(tokens=asked)["tokens"][0, 0], bank.prototypes[2])


def test_it_learns_the_typical_tokens():
    kinds = torch.eye(3, 6) * 2
    tokens = kinds[torch.arange(60).reshape(10, 6) % 3]
    bank = PrototypeBank(6, count=8)
    optimizer = torch.optim.Adam(bank.parameters(), lr=0.05)
    losses = []
    for _ in range(60):
        loss = (bank(tokens=tokens)["tokens"] - tokens).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


@pytest.mark.parametrize("wrong", [{"count": 0}, {"count": 2, "temperature": 0.0}])
def test_refused(wrong):
    with pytest.raises(UsageError, match="count"):
        PrototypeBank(4, **wrong)

from __future__ import annotations

import torch

from limbeck.layers.prototype.augmentation import PrototypeAugmentation


def test_oracle():
    layer = PrototypeAugmentation(2, bank_width=3)
    torch.nn.init.normal_(layer.into.weight)
    tokens, retrieved = torch.randn(1, 4, 2), torch.randn(1, 4, 3)
    found = layer(tokens=tokens, retrieved=retrieved)
    weight = layer.into.weight.tolist()
    rows = [
        [x + sum(w * r for w, r in zip(row, asked, strict=True)) for x, row in zip(token, weight, strict=True)]
        for token, asked in zip(tokens[0].tolist(), retrieved[0].tolist(), strict=True)
    ]
    torch.testing.assert_close(found["tokens"][0], torch.tensor(rows))
    torch.testing.assert_close(found["pooled"][0], torch.tensor(rows).mean(0))


def test_it_starts_as_the_student_and_learns_at_once():
    layer = PrototypeAugmentation(2, bank_width=3)
    tokens = torch.randn(5, 4, 2)
    found = layer(tokens=tokens, retrieved=torch.randn(5, 4, 3))
    assert torch.equal(found["tokens"], tokens)
    found["pooled"].square().sum().backward()
    assert layer.into.weight.grad.any()

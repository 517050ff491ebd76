from __future__ import annotations

import torch

from limbeck.layers.network.token_mlp import TokenMLP


def test_each_token_alone_and_their_mean():
    layer, tokens = TokenMLP(4, hidden=5, width=3), torch.randn(2, 6, 4)
    found = layer(tokens=tokens)
    for i in range(2):
        for j in range(6):
            torch.testing.assert_close(found["tokens"][i, j], layer.inner(tokens[i, j]))
        torch.testing.assert_close(found["pooled"][i], sum(found["tokens"][i]) / 6)


def test_the_order_of_places_does_not_matter_to_the_mean():
    layer, tokens = TokenMLP(4, hidden=5, width=3), torch.randn(2, 6, 4)
    torch.testing.assert_close(layer(tokens=tokens.flip(1))["pooled"], layer(tokens=tokens)["pooled"])

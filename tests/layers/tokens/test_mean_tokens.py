from __future__ import annotations

import torch

from limbeck.layers.tokens.mean_tokens import MeanTokens


def test_oracle_with_a_mask_and_a_class_token():
    tokens, mask = torch.randn(2, 4, 3), torch.tensor([[True, True, False, True], [True, False, False, False]])
    found = MeanTokens(1)(tokens=tokens, mask=mask)
    torch.testing.assert_close(found[0], (tokens[0, 1] + tokens[0, 3]) / 2)
    assert found[1].tolist() == [0.0] * 3  # nothing but the class token is real


def test_without_either_it_is_the_mean():
    tokens = torch.randn(3, 5, 2)
    torch.testing.assert_close(MeanTokens()(tokens=tokens), tokens.mean(1))

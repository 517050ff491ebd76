from __future__ import annotations

import torch

from limbeck.heads.masked_word import MaskedWordHead


def test_logits_are_those_of_the_hidden_tokens():
    torch.manual_seed(0)
    head, tokens = MaskedWordHead(6, vocabulary=9), torch.randn(3, 4, 6)
    place = torch.tensor([[2, 0], [3, 3], [1, -1]])
    found = head(tokens=tokens, place=place)
    assert found.shape == (3, 2, 9)
    for row, column in ((0, 0), (0, 1), (1, 1), (2, 0)):
        hidden = torch.nn.functional.gelu(head.into(tokens[row, place[row, column]]))
        torch.testing.assert_close(found[row, column], head.out(head.norm(hidden)))


def test_only_hidden_tokens_get_gradient():
    torch.manual_seed(0)
    head, tokens = MaskedWordHead(6, vocabulary=9), torch.randn(1, 4, 6, requires_grad=True)
    head(tokens=tokens, place=torch.tensor([[2]])).square().sum().backward()
    assert tokens.grad[0, 2].any()
    assert not tokens.grad[0, [0, 1, 3]].any()

from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.layers.attention.cross_block import CrossBlock


def test_is_what_torch_computes_from_the_same_weights():
    torch.manual_seed(0)
    block, width, heads = CrossBlock(8, heads=2), 8, 2
    query, key = torch.randn(3, 4, width), torch.randn(3, 5, width)
    key_mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 0, 1, 0, 1]]).bool()
    own = torch.nn.MultiheadAttention(width, heads, batch_first=True)
    own.in_proj_weight, own.in_proj_bias, own.out_proj = block.own.weight, block.own.bias, block.own_out
    cross = torch.nn.MultiheadAttention(width, heads, batch_first=True)
    cross.in_proj_weight = torch.nn.Parameter(torch.cat([block.ask.weight, block.answer.weight]))
    cross.in_proj_bias = torch.nn.Parameter(torch.cat([block.ask.bias, block.answer.bias]))
    cross.out_proj = block.cross_out
    x = block.norms[0](query)
    x = query + own(x, x, x, need_weights=False)[0]
    other = block.norms[2](key)
    mixed, seen = cross(block.norms[1](x), other, other, key_padding_mask=~key_mask)
    x = x + mixed
    x = x + block.out(torch.nn.functional.gelu(block.into(block.norms[3](x))))
    found = block(query=query, key=key, key_mask=key_mask)
    torch.testing.assert_close(found["tokens"], x, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found["attention"], seen, rtol=1e-4, atol=1e-5)


def test_the_content_of_tokens_that_are_not_there_has_no_effect():
    torch.manual_seed(0)
    block = CrossBlock(8, heads=2)
    query, key = torch.randn(2, 4, 8), torch.randn(2, 3, 8)
    query_mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]]).bool()
    key_mask = torch.tensor([[1, 1, 1], [1, 0, 0]]).bool()
    plain = block(query=query, key=key, query_mask=query_mask, key_mask=key_mask)
    query[1, 2:], key[1, 1:] = 99.0, -99.0
    other = block(query=query, key=key, query_mask=query_mask, key_mask=key_mask)
    torch.testing.assert_close(other["tokens"][query_mask], plain["tokens"][query_mask])
    assert torch.equal(other["attention"][1, :2], plain["attention"][1, :2])
    assert not other["attention"][1, :, 1:].any()


def test_heads_divide_the_width():
    with pytest.raises(UsageError, match="3 heads do not divide a width of 8"):
        CrossBlock(8, heads=3)

from __future__ import annotations

import torch

from limbeck.fusers.cross_attention import CrossAttentionFuser


def made():
    torch.manual_seed(0)
    return CrossAttentionFuser(8, query_width=6, key_width=5, heads=2, depth=2)


def test_is_its_blocks_one_after_another():
    fuser = made()
    query, key = torch.randn(3, 4, 6), torch.randn(3, 2, 5)
    query_mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0]]).bool()
    tokens, other = fuser.query_into(query), fuser.key_into(key)
    for block in fuser.blocks:
        found = block(query=tokens, key=other, query_mask=query_mask)
        tokens = found["tokens"]
    tokens = fuser.norm(tokens)
    fused = fuser(query=query, key=key, query_mask=query_mask)
    torch.testing.assert_close(fused["tokens"], tokens)
    assert torch.equal(fused["attention"], found["attention"])
    expected = torch.stack([row[kept].mean(0) for row, kept in zip(tokens, query_mask, strict=True)])
    torch.testing.assert_close(fused["pooled"], expected)


def test_padding_changes_nothing():
    fuser, query, key = made(), torch.randn(2, 3, 6), torch.randn(2, 2, 5)
    wider = torch.cat([query, torch.full((2, 2, 6), 7.0)], dim=1)
    mask = torch.tensor([[1, 1, 1, 0, 0]] * 2).bool()
    plain, padded = fuser(query=query, key=key), fuser(query=wider, key=key, query_mask=mask)
    torch.testing.assert_close(padded["pooled"], plain["pooled"])


def test_it_reads_the_other_side():
    fuser, query, key = made(), torch.randn(2, 3, 6), torch.randn(2, 2, 5)
    one, two = fuser(query=query, key=key), fuser(query=query, key=key.flip(0))
    assert (one["pooled"] - two["pooled"]).abs().max() > 1e-3


def test_a_row_without_tokens_is_finite():
    fuser, empty = made(), torch.zeros(2, 3).bool()
    fused = fuser(query=torch.randn(2, 3, 6), key=torch.randn(2, 3, 5), query_mask=empty, key_mask=empty)
    assert not fused["pooled"].any()
    assert all(value.isfinite().all() for value in fused.values())

from __future__ import annotations

import torch

from limbeck.fusers.co_attention import CoAttentionFuser


def made(depth=2):
    torch.manual_seed(0)
    return CoAttentionFuser(8, query_width=6, key_width=5, heads=2, depth=depth)


def test_both_streams_ask_the_other_as_it_was_before_the_block():
    fuser = made()
    query, key = torch.randn(3, 4, 6), torch.randn(3, 2, 5)
    key_mask = torch.tensor([[1, 1], [1, 0], [0, 1]]).bool()
    one, two = fuser.query_into(query), fuser.key_into(key)
    for forth, back in zip(fuser.query_blocks, fuser.key_blocks, strict=True):
        there = forth(query=one, key=two, key_mask=key_mask)
        here = back(query=two, key=one, query_mask=key_mask)
        one, two = there["tokens"], here["tokens"]
    one, two = fuser.norms[0](one), fuser.norms[1](two)
    means = torch.stack([row[kept].mean(0) for row, kept in zip(two, key_mask, strict=True)])
    fused = fuser(query=query, key=key, key_mask=key_mask)
    torch.testing.assert_close(fused["pooled"], fuser.out(torch.cat([one.mean(1), means], dim=-1)))
    assert torch.equal(fused["attention"], there["attention"])
    assert torch.equal(fused["attention_back"], here["attention"])
    torch.testing.assert_close(fused["attention_back"].sum(-1), torch.ones(3, 2))


def test_it_learns_to_tell_pairs_that_no_side_tells_alone():
    # exclusive or of one bit on each side
    torch.manual_seed(0)
    fuser, head = made(1), torch.nn.Linear(8, 1)
    bits = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]]).float()
    query = bits[:, :1, None].expand(-1, 2, 6).contiguous()
    key = bits[:, 1:, None].expand(-1, 2, 5).contiguous()
    target = (bits[:, 0] != bits[:, 1]).float()
    optimizer = torch.optim.Adam([*fuser.parameters(), *head.parameters()], lr=0.01)
    for _ in range(150):
        optimizer.zero_grad()
        logits = head(fuser(query=query, key=key)["pooled"]).squeeze(-1)
        torch.nn.functional.binary_cross_entropy_with_logits(logits, target).backward()
        optimizer.step()
    assert ((logits > 0) == target.bool()).all()

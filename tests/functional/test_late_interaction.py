from __future__ import annotations

import torch

from limbeck.functional.late_interaction import late_interaction
from objectives.oracle import close, cos


def tokens(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def oracle(query, key, query_mask, key_mask):
    forth, back = [], []
    for q, asks in zip(query, query_mask, strict=True):
        for k, answers in zip(key, key_mask, strict=True):
            real_q = [v for v, m in zip(q, asks, strict=True) if m]
            real_k = [v for v, m in zip(k, answers, strict=True) if m]
            if not real_q or not real_k:
                forth.append(0.0)
                back.append(0.0)
                continue
            forth.append(sum(max(cos(a, b) for b in real_k) for a in real_q) / len(real_q))
            back.append(sum(max(cos(a, b) for a in real_q) for b in real_k) / len(real_k))
    return forth, back


def test_oracle_with_masks():
    query, key = tokens(3, 4, 5, seed=1), tokens(2, 3, 5, seed=2)
    query_mask = torch.tensor([[1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0]]).bool()
    key_mask = torch.tensor([[1, 1, 0], [0, 1, 1]]).bool()
    found = late_interaction(query, key, query_mask, key_mask)
    expected = oracle(query.tolist(), key.tolist(), query_mask.tolist(), key_mask.tolist())
    for one, other in zip(found, expected, strict=True):
        close(one.flatten(), other)


def test_no_mask_is_a_full_mask():
    query, key = tokens(2, 4, 5, seed=1), tokens(3, 6, 5, seed=2)
    full = late_interaction(query, key, torch.ones(2, 4, dtype=torch.bool), torch.ones(3, 6, dtype=torch.bool))
    for one, other in zip(late_interaction(query, key), full, strict=True):
        assert torch.equal(one, other)


def test_by_hand():
    # q has two axes, k the first of them twice and a diagonal: 1 and 0.7071 forth; 1, 1, 0.7071 back
    query = torch.tensor([[[2.0, 0.0], [0.0, 3.0]]])
    key = torch.tensor([[[1.0, 0.0], [5.0, 0.0], [1.0, 1.0]]])
    forth, back = late_interaction(query, key)
    close(forth.flatten(), [(1 + 2**-0.5) / 2])
    close(back.flatten(), [(2 + 2**-0.5) / 3])


def test_one_token_a_side_is_the_cosine():
    query, key = tokens(3, 1, 5, seed=1), tokens(4, 1, 5, seed=2)
    forth, back = late_interaction(query, key)
    close(forth.flatten(), [cos(a[0], b[0]) for a in query.tolist() for b in key.tolist()])
    torch.testing.assert_close(forth, back)


def test_gradient_reaches_only_the_best_matches():
    query = torch.tensor([[[1.0, 0.1]]], requires_grad=True)
    key = torch.tensor([[[1.0, 0.0], [-1.0, 0.0]]], requires_grad=True)
    late_interaction(query, key)[0].sum().backward()
    assert key.grad[0, 0].any()
    assert not key.grad[0, 1].any()

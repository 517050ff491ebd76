from __future__ import annotations

import math

import torch

from limbeck.functional.attention import attend
from objectives.oracle import close, softmax


def tokens(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def oracle(query, key, value, heads, mask):
    width = len(query[0][0]) // heads
    mixed, maps = [], []
    for q, k, v, kept in zip(query, key, value, mask, strict=True):
        seen = [r for r, real in enumerate(kept) if real]
        for position in q:
            out, total = [], [0.0] * len(k)
            for head in range(heads):
                part = slice(head * width, (head + 1) * width)
                logits = [
                    sum(a * b for a, b in zip(position[part], k[r][part], strict=True)) / math.sqrt(width) for r in seen
                ]
                weights = softmax(logits) if seen else []
                for r, w in zip(seen, weights, strict=True):
                    total[r] += w / heads
                out += [sum(w * v[r][part][c] for r, w in zip(seen, weights, strict=True)) for c in range(width)]
            mixed += out
            maps += total
    return mixed, maps


def test_oracle_with_masks():
    query, key, value = tokens(3, 2, 6, seed=1), tokens(3, 4, 6, seed=2), tokens(3, 4, 6, seed=3)
    mask = torch.tensor([[1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0]]).bool()
    found = attend(query, key, value, 3, mask)
    expected = oracle(query.tolist(), key.tolist(), value.tolist(), 3, mask.tolist())
    for one, other in zip(found, expected, strict=True):
        close(one.flatten(), other)


def test_agrees_with_torch():
    query, key, value = tokens(2, 3, 8, seed=1), tokens(2, 5, 8, seed=2), tokens(2, 5, 8, seed=3)
    q, k, v = (x.reshape(2, -1, 4, 2).transpose(1, 2) for x in (query, key, value))
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(2, 3, 8)
    torch.testing.assert_close(attend(query, key, value, 4)[0], expected)


def test_by_hand():
    # one head, width 1: softmax(log 3, 0) = (3/4, 1/4)
    query, key = torch.ones(1, 1, 1), torch.tensor([[[math.log(3)], [0.0]]])
    mixed, seen = attend(query, key, torch.tensor([[[4.0], [8.0]]]), 1)
    close(seen.flatten(), [0.75, 0.25])
    close(mixed.flatten(), [5.0])

from __future__ import annotations

import math

import torch

from limbeck.objectives.affinity.attention_map import AttentionMapLoss
from objectives.oracle import close, softmax


def tokens(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def oracle(query, key, teacher, query_mask, key_mask):
    losses = []
    for q, k, t, asks, shown in zip(query, key, teacher, query_mask, key_mask, strict=True):
        columns = [r for r, kept in enumerate(shown) if kept]
        costs = []
        for position, wanted, counts in zip(q, t, asks, strict=True):
            if not counts or not columns:
                continue
            logits = [
                sum(a * b for a, b in zip(position, k[r], strict=True)) / math.sqrt(len(position)) for r in columns
            ]
            mine, total = softmax(logits), sum(wanted[r] for r in columns)
            costs.append(
                sum(
                    wanted[r] / total * math.log(wanted[r] / total / p)
                    for r, p in zip(columns, mine, strict=True)
                    if wanted[r] > 0
                )
            )
        losses.append(sum(costs) / len(costs) if costs else 0.0)
    return losses


def test_oracle_with_masks():
    query, key = tokens(3, 2, 4, seed=1), tokens(3, 3, 4, seed=2)
    teacher = tokens(3, 2, 3, seed=3).softmax(-1)
    teacher[0, 0, 1] = 0.0
    query_mask = torch.tensor([[1, 1], [1, 0], [1, 1]]).bool()
    key_mask = torch.tensor([[1, 1, 1], [1, 0, 1], [0, 0, 0]]).bool()
    found = AttentionMapLoss()(
        query=query, key=key, teacher_attention=teacher, query_mask=query_mask, key_mask=key_mask
    )
    parts = (query, key, teacher, query_mask, key_mask)
    close(found, oracle(*(part.tolist() for part in parts)))


def test_by_hand():
    # the student looks at both alike, the teacher at one: log 2
    query, key = torch.zeros(1, 1, 4), torch.zeros(1, 2, 4)
    close(AttentionMapLoss()(query=query, key=key, teacher_attention=torch.tensor([[[1.0, 0.0]]])), [math.log(2)])


def test_the_same_map_is_zero_and_training_finds_it():
    torch.manual_seed(0)
    teacher = torch.tensor([[[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]]])
    query, key = torch.randn(1, 2, 4, requires_grad=True), torch.randn(1, 3, 4, requires_grad=True)
    optimizer = torch.optim.Adam([query, key], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        loss = AttentionMapLoss()(query=query, key=key, teacher_attention=teacher).sum()
        loss.backward()
        optimizer.step()
    assert loss < 1e-3
    torch.testing.assert_close((query @ key.transpose(1, 2) / 2).softmax(-1).detach(), teacher, atol=0.02, rtol=0)

from __future__ import annotations

import math

import torch

from limbeck.functional.pair_scores import among_candidates
from objectives.oracle import close, rows, softmax


def test_oracle():
    logits, target = rows(4, 4, 1), rows(4, 4, 2)
    chosen = torch.tensor([[0, 1, 0, 0], [1, 0, 1, 1], [0, 0, 0, 0], [0, 1, 1, 0]]).bool()
    loss, candidates = among_candidates(logits, target, chosen)
    expected = []
    for i in range(4):
        columns = [j for j in range(4) if j == i or chosen[i, j]]
        assert candidates[i].nonzero().flatten().tolist() == columns
        p, q = softmax([target[i, j].item() for j in columns]), softmax([logits[i, j].item() for j in columns])
        expected.append(sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)))
    close(loss, expected)


def test_a_row_without_wrong_columns_is_zero():
    loss, _ = among_candidates(rows(3, 3, 1), rows(3, 3, 2), torch.zeros(3, 3, dtype=torch.bool))
    assert loss.tolist() == [0.0] * 3

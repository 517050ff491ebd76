from __future__ import annotations

import math

import torch

from limbeck.functional.entropy import normalised_entropy
from objectives.oracle import close, rows, softmax


def test_oracle_with_left_out_columns():
    logits = 2 * rows(4, 5, 1)
    keep = torch.tensor([[1, 1, 1, 1, 1], [1, 0, 1, 0, 1], [1, 1, 0, 0, 0], [0, 0, 1, 1, 1]]).bool()
    expected = []
    for row, kept in zip(logits.tolist(), keep.tolist(), strict=True):
        p = softmax([x for x, k in zip(row, kept, strict=True) if k])
        expected.append(-sum(x * math.log(x) for x in p) / math.log(len(p)))
    close(normalised_entropy(logits, keep), expected)


def test_by_hand():
    # p = (3/4, 1/4): (0.75 log(4/3) + 0.25 log 4) / log 2 = 0.8113
    close(normalised_entropy(torch.tensor([[math.log(3), 0.0]])), [0.811278])


def test_one_column_or_none_is_certain():
    keep = torch.tensor([[True, False], [False, False]])
    assert normalised_entropy(torch.zeros(2, 2), keep).tolist() == [0.0, 0.0]

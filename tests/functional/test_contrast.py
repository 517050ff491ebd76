from __future__ import annotations

import math

import torch

from limbeck.functional.contrast import rivals, symmetric_contrast
from objectives.oracle import close, rows


def test_oracle():
    forth, back = rows(5, 5, 1), rows(5, 5, 2)
    keep = torch.ones(5, 5, dtype=torch.bool)
    keep[0, 3] = keep[3, 0] = False
    expected = []
    for i in range(5):
        parts = []
        for logits in (forth.tolist(), back.tolist()):
            total = sum(math.exp(logits[i][j]) for j in range(5) if keep[i, j])
            parts.append(math.log(total) - logits[i][i])
        expected.append(sum(parts) / 2)
    close(symmetric_contrast(forth, back, keep), expected)


def test_by_hand():
    logits = torch.tensor([[math.log(3), 0.0], [0.0, 0.0]])
    keep = torch.ones(2, 2, dtype=torch.bool)
    close(symmetric_contrast(logits, logits.T, keep), [math.log(4 / 3), math.log(2)])


def test_rivals_leave_out_masked_rows_and_groups():
    mask, group = torch.tensor([True, True, True, False]), torch.tensor([7, 7, -1, -1])
    expected = [
        [True, False, True, False],
        [False, True, True, False],
        [True, True, True, False],
        [False] * 4,
    ]
    assert rivals(torch.zeros(4, 2), mask, group).tolist() == expected
    assert rivals(torch.zeros(4, 2), None, None).all()

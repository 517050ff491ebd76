from __future__ import annotations

import math

import torch

from limbeck.objectives.sequence.masked_word_kd import MaskedWordKDLoss
from objectives.oracle import close, softmax

TARGET = torch.tensor([[3, -1], [0, 2], [-1, -1]])


def test_oracle():
    logits, teacher = torch.randn(3, 2, 5), torch.randn(3, 2, 5)
    expected = []
    for row, theirs, words in zip(logits.tolist(), teacher.tolist(), TARGET.tolist(), strict=True):
        each = []
        for x, t, word in zip(row, theirs, words, strict=True):
            if word >= 0:
                p, q = softmax(t), softmax(x)
                each.append(sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)))
        expected.append(sum(each) / len(each) if each else 0.0)
    close(MaskedWordKDLoss()(logits=logits, teacher=teacher, target=TARGET), expected)


def test_who_believes_the_same_has_no_loss():
    logits = torch.randn(3, 2, 5)
    close(MaskedWordKDLoss()(logits=logits, teacher=logits + 3.0, target=TARGET), [0.0] * 3, 1e-6)

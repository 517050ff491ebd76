from __future__ import annotations

import math

import torch

from limbeck.heads.match import MatchHead
from objectives.oracle import close


def test_oracle():
    torch.manual_seed(0)
    head, pooled = MatchHead(4), torch.randn(3, 4)
    expected = []
    for row in pooled.tolist():
        mean = sum(row) / 4
        deviation = math.sqrt(sum((v - mean) ** 2 for v in row) / 4 + 1e-5)
        value = [(v - mean) / deviation for v in row]
        middle = [
            sum(w * v for w, v in zip(weights, value, strict=True)) + b
            for weights, b in zip(head.into.weight.tolist(), head.into.bias.tolist(), strict=True)
        ]
        middle = [v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in middle]
        expected.append(
            sum(w * v for w, v in zip(head.out.weight.tolist()[0], middle, strict=True)) + head.out.bias.item()
        )
    close(head(pooled=pooled), expected)

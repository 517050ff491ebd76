from __future__ import annotations

import math

import torch

from limbeck.functional.correlation import correlation_matrix, ranks, spearman
from objectives.oracle import rows


def pearson(a, b):
    a, b = [v - sum(a) / len(a) for v in a], [v - sum(b) / len(b) for v in b]
    below = math.sqrt(sum(v * v for v in a)) * math.sqrt(sum(v * v for v in b))
    return sum(v * w for v, w in zip(a, b, strict=True)) / below if below else 0.0


def rank(values, value):
    below, equal = sum(v < value for v in values), sum(v == value for v in values)
    return below + (equal + 1) / 2


def test_correlation_oracle():
    x = rows(5, 7, 1) * 30 + 100
    expected = [[pearson(a, b) for b in x.tolist()] for a in x.tolist()]
    torch.testing.assert_close(correlation_matrix(x), torch.tensor(expected), atol=1e-4, rtol=0)


def test_ranks_and_spearman_oracle_with_ties():
    one = torch.tensor([3.0, -1.0, 3.0, 7.0, 3.0, -1.0])
    other = torch.tensor([0.5, 0.5, 2.0, 9.0, -4.0, 1.0])
    expected = [rank(one.tolist(), v) for v in one.tolist()]
    assert ranks(one).tolist() == expected == [4.0, 1.5, 4.0, 6.0, 4.0, 1.5]
    found = pearson(expected, [rank(other.tolist(), v) for v in other.tolist()])
    assert abs(float(spearman(one, other)) - found) < 1e-6


def test_only_order_matters_to_spearman():
    x, y = rows(1, 20, 1)[0], rows(1, 20, 2)[0]
    torch.testing.assert_close(spearman(x, y), spearman(x.exp() * 7, y**3))
    torch.testing.assert_close(spearman(x, y), -spearman(x, -y))


def test_a_constant_correlates_with_nothing():
    assert spearman(torch.ones(4), torch.arange(4.0)) == 0
    assert not correlation_matrix(torch.ones(2, 3)).any()

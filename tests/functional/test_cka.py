from __future__ import annotations

import math

import torch

from limbeck.functional.cka import kernel_cka, linear_cka, unbiased_cka
from objectives.oracle import rows


def inner(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def gram(x):
    return [[inner(a, b) for b in x] for a in x]


def centred(k):
    n = len(k)
    row = [sum(r) / n for r in k]
    return [[k[i][j] - row[i] - row[j] + sum(row) / n for j in range(n)] for i in range(n)]


def frobenius(a, b):
    return sum(inner(x, y) for x, y in zip(a, b, strict=True))


def oracle(k, m):
    k, m = centred(k), centred(m)
    return frobenius(k, m) / math.sqrt(frobenius(k, k) * frobenius(m, m))


def hsic(k, m):
    n = len(k)
    k, m = ([[0.0 if i == j else g[i][j] for j in range(n)] for i in range(n)] for g in (k, m))
    trace = sum(k[i][j] * m[j][i] for i in range(n) for j in range(n))
    crossed = sum(k[i][j] * m[j][o] for i in range(n) for j in range(n) for o in range(n))
    whole = sum(map(sum, k)) * sum(map(sum, m))
    return (trace + whole / ((n - 1) * (n - 2)) - 2 / (n - 2) * crossed) / (n * (n - 3))


def test_linear_and_kernel_oracle_in_both_shapes():
    for n, d, e in ((6, 9, 4), (12, 3, 5)):
        x, y = rows(n, d, 1) + 2, rows(n, e, 2)
        expected = oracle(gram(x.tolist()), gram(y.tolist()))
        assert abs(float(linear_cka(x, y)) - expected) < 1e-5
        assert abs(float(kernel_cka(x @ x.T, y @ y.T)) - expected) < 1e-4


def test_unbiased_oracle():
    x, y = rows(7, 5, 1), rows(7, 3, 2)
    k, m = gram(x.tolist()), gram(y.tolist())
    assert abs(float(unbiased_cka(x, y)) - hsic(k, m) / math.sqrt(hsic(k, k) * hsic(m, m))) < 1e-4


def test_by_hand():
    # one axis each: the second one repeats the first for half of what it says
    x = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    y = torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    assert abs(float(linear_cka(x, y)) - 1 / math.sqrt(2)) < 1e-6


def test_rotation_shift_and_scale_change_nothing():
    x, y = rows(20, 6, 1), rows(20, 4, 2)
    turn = torch.linalg.qr(rows(6, 6, 3))[0]
    for cka in (linear_cka, unbiased_cka):
        torch.testing.assert_close(cka(1e-5 * (x @ turn), 300 * y + 7), cka(x, y), atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(cka(x, x @ turn), torch.tensor(1.0))


def test_only_the_unbiased_one_finds_noise_unrelated():
    x, y = rows(20, 200, 1), rows(20, 200, 2)
    assert linear_cka(x, y) > 0.8
    assert abs(unbiased_cka(x, y)) < 0.2


def test_edges_are_zero():
    x = rows(5, 3, 1)
    assert linear_cka(torch.full((5, 4), 0.1), x) == 0
    assert unbiased_cka(torch.full((5, 4), 0.1), x) == 0
    assert unbiased_cka(x[:3], x[:3]) == 0
    assert kernel_cka(torch.zeros(5, 5), x @ x.T) == 0
    assert linear_cka(x[:1], x[:1]) == 0

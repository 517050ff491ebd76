from __future__ import annotations

import numpy as np
import pytest
import torch

from limbeck.functional.local_cka import local_cka
from objectives.oracle import close, rows


def cka(a, b):
    n = len(a)
    h = np.eye(n) - 1 / n
    k, m = a @ a.T, b @ b.T

    def hsic(p, q):
        return np.trace(p @ h @ q @ h)

    return hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))


def test_oracle():
    x, y, query, candidate = rows(8, 4, 1), rows(8, 3, 2), rows(5, 4, 3), rows(6, 3, 4)
    expected = [
        cka(np.vstack([x.double(), q]), np.vstack([y.double(), c]))
        for q in query.double().numpy()
        for c in candidate.double().numpy()
    ]
    close(local_cka(x, y, query, candidate).flatten(), list(map(float, expected)), 1e-6)


def test_by_hand():
    # one anchor and one pair, each a centred pair of points on a line: kernels are multiples of each other
    found = local_cka(torch.tensor([[0.0]]), torch.tensor([[1.0]]), torch.tensor([[2.0]]), torch.tensor([[4.0]]))
    close(found.flatten(), [1.0])


def test_the_right_partner_scores_best_in_a_turned_space():
    x, query = rows(40, 6, 1), rows(25, 6, 2)
    turn = torch.linalg.qr(rows(6, 6, 3))[0]
    found = local_cka(x, 3 * x @ turn + 5, query, 3 * query @ turn + 5)
    assert found.argmax(1).tolist() == list(range(25))
    close(found.diagonal(), [1.0] * 25, 1e-5)


@pytest.mark.parametrize("y", [torch.zeros(5, 3), torch.ones(5, 3)])
def test_a_space_without_spread_scores_0(y):
    found = local_cka(rows(5, 4, 1), y, rows(2, 4, 2), y[:3])
    assert found.tolist() == [[0.0] * 3] * 2

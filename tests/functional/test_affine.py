from __future__ import annotations

import numpy as np
import pytest
import torch

from limbeck.functional.affine import fit_affine
from objectives.oracle import close, rows


def oracle(x, y, ridge):
    """Normal equations of the penalised problem, with a column of ones that is not penalised."""
    x, y = x.double().numpy(), y.double().numpy()
    n, d = x.shape
    variance = float(((x - x.mean(0)) ** 2).mean())
    wide = np.concatenate([x, np.ones((n, 1))], axis=1)
    penalty = n * ridge * variance * np.diag([1.0] * d + [0.0])
    return np.linalg.solve(wide.T @ wide + penalty, wide.T @ y)


@pytest.mark.parametrize("ridge", [0.0, 0.1, 10.0])
def test_oracle(ridge):
    x, y = rows(40, 5, 1), rows(40, 3, 2)
    found, expected = fit_affine(x, y, ridge=ridge), oracle(x, y, ridge)
    close(found.matrix.flatten(), expected[:-1].ravel().tolist())
    close(found.offset, expected[-1].tolist())


def test_by_hand():
    # y = 3 x + 1 through two points
    found = fit_affine(torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [7.0]]))
    close(found(torch.tensor([[1.0], [-1.0]])).flatten(), [4.0, -2.0])


def test_a_map_that_exists_is_found_whatever_the_scales():
    x = rows(50, 6, 1) * torch.logspace(-3, 3, 6)
    matrix, offset = rows(6, 4, 2), rows(1, 4, 3)[0]
    y = x @ matrix + offset
    torch.testing.assert_close(fit_affine(x, y)(x), y, rtol=1e-3, atol=1e-3)


def test_fewer_rows_than_columns_go_through_all_points():
    x, y = rows(4, 9, 1), rows(4, 3, 2)
    close(fit_affine(x, y)(x).flatten(), y.flatten().tolist(), 1e-4)


def test_one_row_gives_that_row_and_a_column_without_spread_is_harmless():
    x, y = rows(1, 3, 1), rows(1, 2, 2)
    close(fit_affine(x, y)(rows(5, 3, 3))[2], y[0].tolist())
    x = torch.cat([rows(9, 2, 1), torch.ones(9, 1)], dim=1)
    assert fit_affine(x, rows(9, 2, 2), ridge=0.1).matrix.isfinite().all()

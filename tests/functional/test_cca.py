from __future__ import annotations

import numpy as np
import pytest
import torch

from limbeck.functional.cca import fit_cca
from objectives.oracle import close, rows


def correlation(a, b):
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / (a.norm() * b.norm()))


def test_oracle_of_the_correlations():
    # The canonical correlations are the singular values of Qx' Qy (Bjorck and Golub 1973).
    x, y = rows(60, 5, 1), rows(60, 4, 2)
    y[:, 0] += 2 * x[:, 1]
    q = [np.linalg.qr((v - v.mean(0)).double().numpy())[0] for v in (x, y)]
    expected = np.linalg.svd(q[0].T @ q[1], compute_uv=False)
    found = fit_cca(x, y, width=4, ridge=0.0)
    close(found.correlations, expected.tolist(), 1e-5)
    for i, value in enumerate(expected):  # and the maps really have them
        assert correlation(found.first(x)[:, i], found.second(y)[:, i]) == pytest.approx(value, abs=1e-4)


def test_by_hand():
    # y's second column is x's first column upside down: correlation 1, and the rest is independent by symmetry
    x = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    y = torch.tensor([[1.0, -2.0], [-1.0, -2.0], [-1.0, 2.0], [1.0, 2.0]])
    found = fit_cca(x, y, width=2, ridge=0.0)
    close(found.correlations, [1.0, 0.0])
    close(found.first(x)[:, 0].abs(), [1.0] * 4)
    close(found.first(x)[:, 0], found.second(y)[:, 0].tolist())


def test_columns_have_variance_1_and_no_correlation_among_themselves():
    x, y = rows(80, 5, 1) @ rows(5, 5, 3), rows(80, 4, 2)
    projected = fit_cca(x, y, width=4, ridge=0.0).first(x)
    close((projected.T @ projected / 80).flatten(), torch.eye(4).flatten().tolist(), 1e-4)


def test_an_invertible_map_of_a_space_changes_nothing():
    x, y = rows(80, 4, 1), rows(80, 4, 2)
    y += x
    plain = fit_cca(x, y, width=3, ridge=0.0)
    turned = fit_cca(x @ rows(4, 4, 5) + 3, y, width=3, ridge=0.0)
    close(turned.correlations, plain.correlations.tolist(), 1e-4)


def test_chance_correlation_of_few_rows_is_what_the_ridge_takes_away():
    x, y, fresh_x, fresh_y = rows(12, 10, 1), rows(12, 10, 2), rows(200, 10, 3), rows(200, 10, 4)
    loose, tight = fit_cca(x, y, width=1, ridge=0.0), fit_cca(x, y, width=1, ridge=10.0)
    assert float(loose.correlations[0]) > 0.99  # of noise
    assert float(tight.correlations[0]) < 0.5
    assert abs(correlation(loose.first(fresh_x)[:, 0], loose.second(fresh_y)[:, 0])) < 0.2


def test_constant_columns_and_one_row_are_finite():
    x = torch.cat([rows(9, 3, 1), torch.ones(9, 1)], dim=1)
    assert fit_cca(x, rows(9, 4, 2), width=3).first.matrix.isfinite().all()
    assert fit_cca(rows(1, 3, 1), rows(1, 3, 2), width=2).first.matrix.isfinite().all()

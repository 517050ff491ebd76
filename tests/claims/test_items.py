"""Per-item values come back as they were put in, and a changed one is found."""

from __future__ import annotations

import numpy as np
import pytest

from limbeck.claims.items import pack, unpack
from limbeck.core.errors import ArtefactError, UsageError


def test_values_come_back():
    rows = [np.array([0.0, 0.25, 1.0]), np.array([1 / 3, 0.5, 1e-3])]
    found = unpack(pack(rows))
    assert found.shape == (2, 3)
    np.testing.assert_allclose(found, rows, rtol=1e-7)
    assert found[0].tolist() == [0.0, 0.25, 1.0]
    assert pack(list(found)) == pack(rows)  # rounded once


def test_answers_take_little_room():
    rng = np.random.default_rng(0)
    rows = [rng.integers(0, 2, 300).astype(float) for _ in range(5)]
    assert len(pack(rows)["data"]) < 600  # 1,500 bits are 250 letters at best


@pytest.mark.parametrize("rows", [[], [[]], [[1.0], [1.0, 2.0]], [[[1.0]]], [[float("nan")]]])
def test_what_is_no_table_is_refused(rows: list):
    with pytest.raises(UsageError):
        pack(rows)


def test_a_changed_value_is_found():
    packed = pack([[1.0, 2.0]])
    other = pack([[1.0, 3.0]])
    for wrong in ({**packed, "data": other["data"]}, {**packed, "data": "!"}, {**packed, "shape": [3, 1]}, {}):
        with pytest.raises(ArtefactError):
            unpack(wrong)

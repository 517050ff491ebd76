from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.data.prepared import PreparedStore


def test_keeps_by_row_draw_and_key() -> None:
    store = PreparedStore()
    store.put(1, 0, "a", {"x": torch.ones(2)})
    assert store.get(1, 0, "a") is not None
    assert [store.get(*key) for key in ((1, 1, "a"), (2, 0, "a"), (1, 0, "b"))] == [None] * 3
    assert (store.hits, store.misses, len(store), store.used) == (1, 3, 1, 8)


def test_a_full_store_keeps_what_it_has() -> None:
    store = PreparedStore(limit=20)
    for index in range(5):
        store.put(index, 0, "a", {"x": torch.ones(2)})
        assert store.full == (index > 1)
        store.put(index, 0, "a", {"x": torch.ones(2)})
    assert (len(store), store.used, store.largest) == (2, 16, 8)
    assert store.full
    assert store.get(0, 0, "a") is not None
    assert store.get(4, 0, "a") is None


def test_limit() -> None:
    with pytest.raises(UsageError, match="number of bytes"):
        PreparedStore(limit=-1)

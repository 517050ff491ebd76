from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.layers.labels.relabel import Relabel


def test_each_label_is_looked_up_and_the_unknown_stays_unknown():
    table, label = (3, -1, 0, 3), [2, 0, -1, 1, 3]
    expected = [table[old] if old >= 0 else -1 for old in label]
    assert Relabel(table)(label=torch.tensor(label)).tolist() == expected == [0, 3, -1, -1, 3]


def test_refused():
    with pytest.raises(UsageError, match="table"):
        Relabel(())

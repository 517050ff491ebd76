from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.layers.tokens.drop_first import DropFirst


def test_what_is_left():
    tokens = torch.arange(12.0).reshape(1, 4, 3)
    assert DropFirst(2)(tokens=tokens)["tokens"].tolist() == [[[6.0, 7.0, 8.0], [9.0, 10.0, 11.0]]]


def test_the_count_is_positive():
    with pytest.raises(UsageError, match="count 0"):
        DropFirst(0)

from __future__ import annotations

import pytest
import torch

from limbeck.core.errors import UsageError
from limbeck.encoders.pooling import cls_pooling, max_pooling, mean_pooling, model_pooling

TOKENS = torch.tensor([[[1.0, -5.0], [3.0, -1.0], [100.0, 100.0]], [[2.0, 2.0], [4.0, 0.0], [6.0, 1.0]]])
MASK = torch.tensor([[True, True, False], [True, True, True]])


def test_by_hand() -> None:
    assert mean_pooling(TOKENS, MASK, None).tolist() == [[2.0, -3.0], [4.0, 1.0]]
    assert max_pooling(TOKENS, MASK, None).tolist() == [[3.0, -1.0], [6.0, 2.0]]
    assert cls_pooling(TOKENS, MASK, None).tolist() == [[1.0, -5.0], [2.0, 2.0]]
    assert model_pooling(TOKENS, MASK, torch.ones(2, 3, 1, 1)).shape == (2, 3)


def test_without_a_mask_every_token_counts() -> None:
    full = torch.ones(2, 3, dtype=torch.bool)
    assert torch.equal(mean_pooling(TOKENS, None, None), TOKENS.mean(1))
    assert torch.equal(max_pooling(TOKENS, None, None), max_pooling(TOKENS, full, None))


def test_a_row_without_tokens_stays_finite() -> None:
    assert mean_pooling(TOKENS, torch.zeros(2, 3, dtype=torch.bool), None).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_a_model_without_its_own() -> None:
    with pytest.raises(UsageError, match="no pooled output of its own"):
        model_pooling(TOKENS, MASK, None)

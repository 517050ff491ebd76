"""The import hook of `tests/conftest.py` is at work: a wrong shape or dtype in an annotated call is an error."""

from __future__ import annotations

import pytest
import torch
from jaxtyping import TypeCheckError

from limbeck.functional.similarity import cosine
from limbeck.objectives.feature.mse import MSELoss


def test_a_wrong_shape_is_caught():
    assert MSELoss()(student=torch.zeros(2, 3), teacher=torch.zeros(2, 3)).shape == (2,)
    with pytest.raises(TypeCheckError):
        MSELoss()(student=torch.zeros(2, 3), teacher=torch.zeros(2, 3, 1))


def test_a_wrong_dtype_is_caught():
    with pytest.raises(TypeCheckError):
        cosine(torch.zeros(2, 3, dtype=torch.int64), torch.zeros(2, 3, dtype=torch.int64))

from __future__ import annotations

import numpy as np
import pytest
import torch

from limbeck.core.errors import DataError, UsageError
from limbeck.data.views.feature import FeatureView


def test_vectors_pass_through() -> None:
    view = FeatureView("image", width=3)
    row = view.prepare(np.array([1, 2, 3], dtype=np.float16))
    found = view.collate([row, None])["features"]
    assert found.dtype == torch.float32
    assert found.tolist() == [[1, 2, 3], [0, 0, 0]]
    assert view.collate([])["features"].shape == (0, 3)
    assert view.modality == "image"


@pytest.mark.parametrize(
    ("value", "message"), [([1, 2], "shape"), ([1, 2, np.nan], "finite"), ([1, 2, np.inf], "finite"), ("no", "numbers")]
)
def test_unusable_vectors_are_refused(value: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        FeatureView("image", width=3).prepare(value)


def test_width_is_positive() -> None:
    with pytest.raises(UsageError, match="width"):
        FeatureView("image", width=0)


def test_fingerprint_knows_modality_and_width() -> None:
    views = [FeatureView("image", width=3), FeatureView("text", width=3), FeatureView("image", width=4)]
    assert len({view.fingerprint() for view in views}) == 3

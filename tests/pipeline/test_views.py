"""An encoder's spec gives its view."""

from __future__ import annotations

import pytest

from limbeck.core.errors import UsageError
from limbeck.encoders.load import load_teacher
from limbeck.pipeline.views import view_of
from pipeline import worlds


def test_the_view_is_that_of_the_spec():
    encoder = load_teacher(f"hf:{worlds.model('clip')}").encoders["image"]
    assert view_of(encoder).prepare(worlds.icons()[0]["image"])["pixels"].shape == (3, 32, 32)
    encoder.spec = None
    with pytest.raises(UsageError, match="the image encoder HFImageEncoder does not say what it eats"):
        view_of(encoder)

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from data.made import picture
from limbeck.core.errors import UsageError
from limbeck.data.augmentation.colour_jitter import ColourJitter


def test_nothing_to_do_changes_nothing() -> None:
    part = ColourJitter(brightness=0.0, contrast=0.0, saturation=0.0)
    assert np.array_equal(np.asarray(part(picture(1), np.random.default_rng(0))), np.asarray(picture(1)))


def test_brightness_multiplies() -> None:
    part = ColourJitter(brightness=0.5, contrast=0.0, saturation=0.0)
    grey = Image.new("RGB", (4, 4), (100, 100, 100))
    found = [int(np.asarray(part(grey, np.random.default_rng(seed)))[0, 0, 0]) for seed in range(100)]
    assert 50 <= min(found) < 60
    assert 140 < max(found) <= 150


def test_saturation_leaves_grey_alone() -> None:
    part = ColourJitter(brightness=0.0, contrast=0.0, saturation=1.0)
    grey = picture(1, mode="L").convert("RGB")
    for seed in range(5):
        assert np.abs(np.asarray(part(grey, np.random.default_rng(seed))).astype(int) - np.asarray(grey)).max() <= 1
    colour = np.asarray(part(picture(1), np.random.default_rng(0)))
    assert not np.array_equal(colour, np.asarray(picture(1)))


def test_wrong_arguments() -> None:
    with pytest.raises(UsageError, match="from 0 to 1"):
        ColourJitter(contrast=-0.1)
    with pytest.raises(TypeError, match="takes a picture"):
        ColourJitter()("text", np.random.default_rng(0))

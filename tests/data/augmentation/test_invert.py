from __future__ import annotations

import numpy as np
import pytest

from data.made import picture
from limbeck.core.errors import UsageError
from limbeck.data.augmentation.invert import Invert


def test_always_and_never() -> None:
    array = np.asarray(picture(1))
    generator = np.random.default_rng(0)
    assert np.array_equal(np.asarray(Invert(chance=1.0)(picture(1), generator)), 255 - array)
    assert np.array_equal(np.asarray(Invert(chance=0.0)(picture(1), generator)), array)


def test_chance() -> None:
    array = np.asarray(picture(1))
    seeds = range(400)
    changed = [
        not np.array_equal(np.asarray(Invert(chance=0.25)(picture(1), np.random.default_rng(seed))), array)
        for seed in seeds
    ]
    assert 0.17 < np.mean(changed) < 0.33


def test_wrong_arguments() -> None:
    with pytest.raises(UsageError, match="from 0 to 1"):
        Invert(chance=1.5)
    with pytest.raises(TypeError, match="takes a picture"):
        Invert()("text", np.random.default_rng(0))

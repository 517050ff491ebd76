from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from limbeck.core.errors import UsageError
from limbeck.data.augmentation.random_stroke import RandomStroke


def ink(seed: int, part: RandomStroke) -> int:
    array = np.full((21, 21, 3), 255, dtype=np.uint8)
    array[8:13, 8:13] = 0
    return int((np.asarray(part(Image.fromarray(array), np.random.default_rng(seed)))[..., 0] == 0).sum())


def test_strokes_grow_shrink_or_stay() -> None:
    found = [ink(seed, RandomStroke(chance=0.6)) for seed in range(400)]
    assert set(found) == {9, 25, 49}
    assert 0.2 < np.mean(np.array(found) == 9) < 0.4
    assert 0.2 < np.mean(np.array(found) == 49) < 0.4
    assert {ink(seed, RandomStroke(chance=1.0, size=5)) for seed in range(30)} == {1, 81}


def test_wrong_arguments() -> None:
    for wrong in ({"chance": 2.0}, {"size": 4}, {"size": 1}):
        with pytest.raises(UsageError, match="odd size"):
            RandomStroke(**wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes a picture"):
        RandomStroke()("text", np.random.default_rng(0))

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from limbeck.core.errors import UsageError
from limbeck.data.augmentation.random_resized_crop import RandomResizedCrop


def ramp(width: int = 200, height: int = 100) -> Image.Image:
    array = np.zeros((height, width, 3), dtype=np.uint8)
    array[..., 0] = np.linspace(0, 200, width).astype(np.uint8)
    array[..., 1] = np.linspace(0, 200, height).astype(np.uint8)[:, None]
    return Image.fromarray(array)


def shares(part: RandomResizedCrop) -> np.ndarray:
    """(share of the width, share of the height) that is seen, read from two ramps."""
    found = []
    for seed in range(80):
        array = np.asarray(part(ramp(), np.random.default_rng(seed))).astype(float)
        assert array.shape == (100, 200, 3)
        found.append((np.ptp(array[50, :, 0]) / 200, np.ptp(array[:, 100, 1]) / 200))
    return np.array(found)


def test_area_and_ratio_stay_in_their_ranges() -> None:
    seen = shares(RandomResizedCrop(area=(0.4, 0.6), ratio=(0.8, 1.25)))
    area, ratio = seen[:, 0] * seen[:, 1], seen[:, 0] / seen[:, 1]
    assert 0.36 < area.min() < 0.46
    assert 0.54 < area.max() < 0.62
    assert 0.75 < ratio.min() < 0.9
    assert 1.1 < ratio.max() < 1.3


def test_the_whole_picture() -> None:
    part = RandomResizedCrop(area=(1.0, 1.0), ratio=(1.0, 1.0))
    assert np.array_equal(np.asarray(part(ramp(), np.random.default_rng(0))), np.asarray(ramp()))


@pytest.mark.parametrize("wrong", [{"area": (0.0, 1.0)}, {"area": (0.5, 1.5)}, {"ratio": (2.0, 1.0)}])
def test_wrong_arguments(wrong: dict[str, tuple[float, float]]) -> None:
    with pytest.raises(UsageError, match="RandomResizedCrop"):
        RandomResizedCrop(**wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes a picture"):
        RandomResizedCrop()("text", np.random.default_rng(0))

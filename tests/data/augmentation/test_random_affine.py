from __future__ import annotations

import math

import numpy as np
import pytest
from PIL import Image

from data.made import picture
from limbeck.core.errors import UsageError
from limbeck.data.augmentation.random_affine import RandomAffine

STILL = {"degrees": 0.0, "scale": (1.0, 1.0), "aspect": (1.0, 1.0), "shift": 0.0, "shear": 0.0}


def dot(size: int = 101, at: tuple[int, int] = (70, 50)) -> Image.Image:
    array = np.full((size, size, 3), 255, dtype=np.uint8)
    array[at[1] - 2 : at[1] + 3, at[0] - 2 : at[0] + 3] = 0
    return Image.fromarray(array)


def centre(image: Image.Image) -> tuple[float, float]:
    ink = 255.0 - np.asarray(image.convert("L"))
    rows, columns = np.indices(ink.shape) + 0.5
    return float((ink * columns).sum() / ink.sum()), float((ink * rows).sum() / ink.sum())


def ends(part: RandomAffine, image: Image.Image) -> list[tuple[float, float]]:
    return [centre(part(image, np.random.default_rng(seed))) for seed in range(60)]


def test_nothing_to_do_changes_nothing() -> None:
    image = picture(1)
    assert np.array_equal(np.asarray(RandomAffine(**STILL)(image, np.random.default_rng(0))), np.asarray(image))


def test_shift_stays_within_its_range() -> None:
    found = ends(RandomAffine(**STILL | {"shift": 0.1}), dot())
    moves = np.array(found) - (70.5, 50.5)
    assert np.abs(moves).max() <= 10.1 + 0.1
    assert np.abs(moves).max() > 7
    assert moves.min() < -5 < 5 < moves.max()


def test_scale_moves_away_from_the_centre() -> None:
    found = np.array(ends(RandomAffine(**STILL | {"scale": (0.5, 1.5)}), dot()))
    assert found[:, 0].min() == pytest.approx(50.5 + 20 * 0.5, abs=1)
    assert found[:, 0].max() == pytest.approx(50.5 + 20 * 1.5, abs=1)
    assert np.abs(found[:, 1] - 50.5).max() < 0.1


def test_rotation_keeps_the_distance() -> None:
    found = np.array(ends(RandomAffine(**STILL | {"degrees": 30.0}), dot())) - 50.5
    assert np.hypot(found[:, 0], found[:, 1]) == pytest.approx(np.full(60, 20.0), abs=0.3)
    angles = np.degrees(np.arctan2(found[:, 1], found[:, 0]))
    assert -30.5 < angles.min() < -25
    assert 25 < angles.max() < 30.5


def test_what_comes_in_is_fill() -> None:
    part = RandomAffine(**STILL | {"scale": (0.5, 0.5), "fill": 10})
    array = np.asarray(part(Image.new("RGB", (40, 40), (200, 200, 200)), np.random.default_rng(0)))
    assert (array[0] == 10).all()
    assert (array[20, 20] == 200).all()


@pytest.mark.parametrize(
    "wrong", [{"scale": (1.1, 0.9)}, {"scale": (0.0, 1.0)}, {"shift": 2.0}, {"degrees": -1.0}, {"fill": 256}]
)
def test_wrong_arguments(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="RandomAffine"):
        RandomAffine(**wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes a picture"):
        RandomAffine()("text", np.random.default_rng(0))
    assert math.isfinite(RandomAffine().shear)

"""What every augmentation of pictures promises."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from contracts.generate import construct
from data.made import picture
from limbeck.core.augmentation import Augmentation
from limbeck.core.describe import build, describe
from limbeck.core.discovery import parts

AUGMENTATIONS = parts(Augmentation, "data.augmentation")
PICTURES = {path: cls for path, cls in AUGMENTATIONS.items() if cls.modality == "image"}
every_augmentation = pytest.mark.parametrize("cls", AUGMENTATIONS.values(), ids=lambda cls: cls.__name__)
every_picture = pytest.mark.parametrize("cls", PICTURES.values(), ids=lambda cls: cls.__name__)


def changed(part: Augmentation, image: Image.Image, seed: int = 0) -> Image.Image:
    found = part(image, np.random.default_rng(seed))
    assert isinstance(found, Image.Image)
    return found


def pixels(image: Image.Image, side: int = 32) -> np.ndarray:
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC)).astype(int)


def test_the_walk_finds_them() -> None:
    assert len(AUGMENTATIONS) >= 7
    assert len(PICTURES) >= 6


@every_augmentation
def test_describe_and_build_round_trip(cls: type[Augmentation]) -> None:
    plain = describe(construct(cls))
    assert describe(build(plain)) == plain


@every_picture
def test_a_picture_of_the_same_size_that_the_seed_decides(cls: type[Augmentation]) -> None:
    image, before = picture(3, (48, 36)), picture(3, (48, 36))
    part = construct(cls)
    assert changed(part, image).size == image.size
    assert changed(part, image).mode == "RGB"
    assert np.array_equal(changed(part, image, 1), changed(part, image, 1))
    assert len({changed(part, image, seed).tobytes() for seed in range(20)}) > 1
    assert np.array_equal(image, before)


@every_picture
def test_what_magnifies_by_a_number_does_the_same_at_any_size(cls: type[Augmentation]) -> None:
    part = construct(cls)
    if part.magnifies is None:
        pytest.skip("takes the whole picture")
    assert part.magnifies >= 1
    whole = picture(4, (512, 384))
    exact = [pixels(changed(part, whole, seed)) for seed in range(10)]
    smaller = [pixels(changed(part, whole.reduce(4), seed)) for seed in range(10)]
    assert max(np.abs(one - other).mean() for one, other in zip(exact, smaller, strict=True)) < 1.5
    assert np.mean([np.abs(one - pixels(whole)).mean() for one in exact]) > 5


def width(image: Image.Image) -> float:
    """Of a dark disc: four deviations of the places of its pixels from left to right."""
    weights = (255.0 - np.asarray(image.convert("L"))).sum(0)
    places = np.arange(image.width)
    middle = np.average(places, weights=weights)
    return float(4 * np.sqrt(np.average((places - middle) ** 2, weights=weights)))


@every_picture
def test_nothing_comes_out_larger_than_it_says(cls: type[Augmentation]) -> None:
    part = construct(cls)
    if part.magnifies is None or cls.__name__ in ("Invert", "ColourJitter"):
        pytest.skip("takes the whole picture, or moves nothing")
    grid = np.mgrid[:128, :128] - 63.5
    disc = Image.fromarray(np.where((grid**2).sum(0) < 12**2, 0, 255).astype(np.uint8)).convert("RGB")
    turned = disc.transpose(Image.Transpose.ROTATE_90)
    seen = [changed(part, disc, seed) for seed in range(200)]
    seen += [image.transpose(Image.Transpose.ROTATE_90) for image in seen]
    largest = max(width(image) for image in seen) / width(turned)
    assert largest <= part.magnifies * 1.02
    assert largest >= 1 + (part.magnifies - 1) / 2  # and the number is no idle guess

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from data.made import encoded, picture, tokenizer
from limbeck.core.augmentation import Augmentation
from limbeck.core.sample import Sample
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.data.augmentation.augment import Drawn, augmentation_fingerprint
from limbeck.data.augmentation.caption_subset import CaptionSubset
from limbeck.data.augmentation.colour_jitter import ColourJitter
from limbeck.data.augmentation.horizontal_flip import HorizontalFlip
from limbeck.data.augmentation.random_affine import RandomAffine
from limbeck.data.augmentation.random_stroke import RandomStroke
from limbeck.data.view_for import view_for

PARTS = (RandomAffine(), CaptionSubset(whole=0.0, label=0.0), HorizontalFlip())
SAMPLE = Sample(4, "a", {"image": encoded(picture(1)), "text": "Bed: one, two, three, four, five, six"})
IMAGE, TEXT = view_for(ImageSpec(16, 16)), view_for(TextSpec(tokenizer(), 16))


def array(draw: int, parts: Sequence[Augmentation] = PARTS, sample: Sample = SAMPLE) -> np.ndarray:
    image = Drawn(sample, view=IMAGE, augmentations=parts)(draw)
    assert isinstance(image, Image.Image)
    assert image.mode == "RGB"
    return np.asarray(image)


def words(draw: int) -> object:
    return Drawn(SAMPLE, view=TEXT, augmentations=PARTS)(draw)


def test_draw_0_is_the_value_itself() -> None:
    for view in (IMAGE, TEXT):
        assert Drawn(SAMPLE, view=view, augmentations=PARTS)(0) is SAMPLE.values[view.modality]
        assert Drawn(SAMPLE, view=view, augmentations=())(3) is SAMPLE.values[view.modality]


def test_a_draw_is_the_same_every_time_and_draws_differ() -> None:
    assert np.array_equal(array(1), array(1))
    assert not np.array_equal(array(1), array(2))
    assert words(1) == words(1)
    assert len({words(draw) for draw in range(1, 9)}) > 5


def test_another_process_draws_the_same() -> None:
    code = (
        "from types import SimpleNamespace\n"
        "from limbeck.core.sample import Sample\n"
        "from limbeck.data.augmentation.augment import Drawn\n"
        "from limbeck.data.augmentation.caption_subset import CaptionSubset\n"
        f"sample = Sample(0, 'other', {{'text': {SAMPLE.values['text']!r}}})\n"
        "view = SimpleNamespace(modality='text', side=None)\n"
        "print(Drawn(sample, view=view, augmentations=(CaptionSubset(whole=0.0, label=0.0),))(5), end='')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == words(5)


def test_content_decides_not_the_id_or_the_place() -> None:
    assert np.array_equal(array(1), array(1, sample=Sample(9, "b", SAMPLE.values)))


def test_what_is_done_to_captions_does_not_move_pictures() -> None:
    assert np.array_equal(array(1), array(1, (PARTS[0], PARTS[2])))
    assert Drawn(SAMPLE, view=TEXT, augmentations=(PARTS[0], PARTS[2]))(1) == SAMPLE.values["text"]


def test_pictures_are_not_decoded_for_words() -> None:
    broken = Sample(0, "a", {"image": b"no picture", "text": "Bed: one, two"})
    assert isinstance(Drawn(broken, view=TEXT, augmentations=PARTS)(1), str)


class Seen(Augmentation):
    """Keeps the size of what it is given."""

    modality = "image"

    def __init__(self, magnifies: float | None = 1.0) -> None:
        self.magnifies = magnifies

    def __call__(self, value: object, generator: np.random.Generator) -> object:
        assert isinstance(value, Image.Image)
        self.size = value.size
        return value


@pytest.mark.parametrize(
    ("parts", "spec", "size"),
    [
        ((Seen(),), ImageSpec(20, 37), (100, 75)),
        ((Seen(),), ImageSpec(40, 40, shortest_edge=70), (200, 150)),
        ((Seen(),), ImageSpec(40, 40, shortest_edge=76), (400, 300)),
        ((Seen(1.5),), ImageSpec(50, 50), (200, 150)),
        ((Seen(1.6),), ImageSpec(50, 50), (400, 300)),
        ((Seen(1.5), Seen(1.1)), ImageSpec(50, 50), (400, 300)),
        ((Seen(None),), ImageSpec(20, 20), (400, 300)),
        ((Seen(), RandomStroke()), ImageSpec(20, 20), (400, 300)),
        ((Seen(),), ImageSpec(20, 20, resample="nearest"), (400, 300)),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_no_more_is_decoded_than_the_model_can_see(
    parts: tuple[Seen, ...], spec: ImageSpec, size: tuple[int, int], kind: str
) -> None:
    sample = replace(SAMPLE, values={"image": encoded(picture(1, (400, 300)), kind)})
    Drawn(sample, view=view_for(spec), augmentations=parts)(1)
    assert parts[0].size == size
    if len(parts) == 1:
        assert Drawn(sample, view=view_for(spec), augmentations=parts)(0) is sample.values["image"]


def test_fingerprint_knows_arguments_and_order() -> None:
    sets = [(), PARTS[:1], PARTS[1:2], PARTS[::-1], PARTS, (RandomAffine(degrees=16.0),), (ColourJitter(),)]
    assert len({augmentation_fingerprint(parts) for parts in sets}) == len(sets)
    assert augmentation_fingerprint(PARTS[:1]) == augmentation_fingerprint((RandomAffine(),))


@pytest.mark.parametrize("draw", range(1, 6))
def test_each_part_has_its_own_generator(draw: int) -> None:
    flips = array(draw, (HorizontalFlip(), HorizontalFlip(), HorizontalFlip()))
    assert flips.shape == (30, 40, 3)

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from data.made import encoded, picture
from limbeck.core.sample import Sample
from limbeck.data.augmentation.augment import augment, augmentation_fingerprint
from limbeck.data.augmentation.caption_subset import CaptionSubset
from limbeck.data.augmentation.colour_jitter import ColourJitter
from limbeck.data.augmentation.horizontal_flip import HorizontalFlip
from limbeck.data.augmentation.random_affine import RandomAffine

PARTS = (RandomAffine(), CaptionSubset(whole=0.0, label=0.0), HorizontalFlip())
SAMPLE = Sample(4, "a", {"image": encoded(picture(1)), "text": "Bed: one, two, three, four, five, six"})


def array(sample: Sample) -> np.ndarray:
    image = sample.values["image"]
    assert isinstance(image, Image.Image)
    assert image.mode == "RGB"
    return np.asarray(image)


def test_draw_0_is_the_sample_itself() -> None:
    assert augment(SAMPLE, 0, PARTS) is SAMPLE
    assert augment(SAMPLE, 3, ()) is SAMPLE


def test_a_draw_is_the_same_every_time_and_draws_differ() -> None:
    first, again, other = (augment(SAMPLE, draw, PARTS) for draw in (1, 1, 2))
    assert np.array_equal(array(first), array(again))
    assert first.values["text"] == again.values["text"]
    assert not np.array_equal(array(first), array(other))
    texts = {augment(SAMPLE, draw, PARTS).values["text"] for draw in range(1, 9)}
    assert len(texts) > 5


def test_another_process_draws_the_same() -> None:
    code = (
        "from limbeck.core.sample import Sample\n"
        "from limbeck.data.augmentation.augment import augment\n"
        "from limbeck.data.augmentation.caption_subset import CaptionSubset\n"
        f"sample = Sample(0, 'other', {{'text': {SAMPLE.values['text']!r}}})\n"
        "print(augment(sample, 5, (CaptionSubset(whole=0.0, label=0.0),)).values['text'], end='')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == augment(SAMPLE, 5, PARTS).values["text"]


def test_content_decides_not_the_id_or_the_place() -> None:
    twin = Sample(9, "b", SAMPLE.values)
    assert np.array_equal(array(augment(SAMPLE, 1, PARTS)), array(augment(twin, 1, PARTS)))


def test_what_is_done_to_captions_does_not_move_pictures() -> None:
    alone = augment(SAMPLE, 1, (PARTS[0], PARTS[2]))
    assert np.array_equal(array(augment(SAMPLE, 1, PARTS)), array(alone))
    assert alone.values["text"] == SAMPLE.values["text"]


def test_missing_modalities_stay_missing() -> None:
    only_text = Sample(0, "a", {"text": "Bed: one, two"})
    assert set(augment(only_text, 1, PARTS).values) == {"text"}
    assert augment(only_text, 1, PARTS[:1]) is only_text


def test_fingerprint_knows_arguments_and_order() -> None:
    sets = [(), PARTS[:1], PARTS[1:2], PARTS[::-1], PARTS, (RandomAffine(degrees=16.0),), (ColourJitter(),)]
    assert len({augmentation_fingerprint(parts) for parts in sets}) == len(sets)
    assert augmentation_fingerprint(PARTS[:1]) == augmentation_fingerprint((RandomAffine(),))


@pytest.mark.parametrize("draw", range(1, 6))
def test_each_part_has_its_own_generator(draw: int) -> None:
    flips = augment(SAMPLE, draw, (HorizontalFlip(), HorizontalFlip(), HorizontalFlip()))
    assert array(flips).shape == (30, 40, 3)

from __future__ import annotations

import dataclasses

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

from data.made import encoded, picture
from limbeck.data.duplicates import find_duplicates
from limbeck.data.thumbnails import Thumbnails, thumbnails_of


def moved(images: list[object]) -> Thumbnails:
    made = thumbnails_of(images)
    return dataclasses.replace(made, index=tuple(100 + place for place in made.index))


BASE = [picture(number, (120, 90)) for number in range(20)]


def test_exact_and_near_are_told_apart() -> None:
    other = [encoded(BASE[3]), encoded(BASE[5], "JPEG", quality=50), picture(50, (120, 90))]
    found = find_duplicates(moved(other), thumbnails_of(BASE))
    assert [(pair.first, pair.second, pair.exact) for pair in found] == [(100, 3, True), (101, 5, False)]
    assert found[0].distance == 0
    assert 0 < found[1].distance < 0.12
    assert [pair.exact for pair in find_duplicates(moved(other), thumbnails_of(BASE), threshold=0)] == [True]


def test_changes_that_keep_the_picture() -> None:
    image = BASE[7]
    cropped = image.crop((3, 2, 117, 88))
    other = [image.resize((300, 200)), cropped, ImageEnhance.Brightness(image).enhance(1.03)]
    assert {(p.first, p.second) for p in find_duplicates(moved(other), thumbnails_of(BASE))} == {
        (100, 7), (101, 7), (102, 7)
    }  # fmt: skip


def test_a_local_difference_is_another_picture() -> None:
    battery = Image.new("RGB", (120, 90), (255, 255, 255))
    ImageDraw.Draw(battery).rectangle((10, 25, 110, 65), outline=(0, 0, 0), width=8)
    charged = battery.copy()
    ImageDraw.Draw(charged).rectangle((20, 36, 38, 54), fill=(0, 0, 0))
    assert find_duplicates(moved([charged]), thumbnails_of([battery])) == []


def test_another_colour_is_another_picture() -> None:
    red, blue = (np.zeros((60, 60, 3), dtype=np.uint8) + 255 for _ in range(2))
    red[20:40, 20:40] = (130, 0, 0)
    blue[20:40, 20:40] = (0, 0, 130)
    assert find_duplicates(moved([Image.fromarray(blue)]), thumbnails_of([Image.fromarray(red)])) == []


def test_within_one_set_each_pair_once_and_never_itself() -> None:
    made = thumbnails_of([*BASE, BASE[4], BASE[4]])
    pairs = {tuple(sorted((pair.first, pair.second))) for pair in find_duplicates(made, made)}
    assert pairs == {(4, 20), (4, 21), (20, 21)}


def test_plain_pictures_are_no_near_duplicates_of_others() -> None:
    plain = [Image.new("RGB", (50, 50), colour) for colour in ((0, 0, 0), (255, 255, 255), (128, 128, 128))]
    assert find_duplicates(moved(plain), thumbnails_of([*BASE, *plain[:1]])) == [
        pair for pair in find_duplicates(moved(plain), thumbnails_of([*BASE, *plain[:1]])) if pair.exact
    ]


def test_empty_sets() -> None:
    assert find_duplicates(thumbnails_of([]), thumbnails_of(BASE)) == []
    assert find_duplicates(thumbnails_of(BASE[:1]), thumbnails_of([])) == []

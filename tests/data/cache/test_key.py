"""Fault 17: a cache of another key is refused and the field named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data import cached as world
from data.cached import FLIP, Pictures, Texts, build, opened, source_of
from limbeck.core.errors import ArtefactError, UsageError
from limbeck.core.spec import ImageSpec
from limbeck.data.cache import CacheKey
from limbeck.data.cache.key import addresses, key_from
from limbeck.data.views.image import ImageView


def _other_pictures() -> dict[str, dict[str, Any]]:
    return {
        "teacher": {"teacher_fingerprint": "weights-2"},
        "width": {"teacher": Pictures(width=32)},
        "dtype": {"dtype": "float16"},
        "precision": {"precision": "bf16"},
        "preprocessing": {"view": ImageView(ImageSpec(height=16, width=16, resample="nearest"))},
        "augmentation": {"augmentations": FLIP},
        "outputs": {"wants": ("pooled", "tokens")},
    }


@pytest.mark.parametrize("field", list(_other_pictures()))
def test_another_key_is_refused_and_the_field_named(tmp_path: Path, field: str) -> None:
    source, teacher = source_of(tmp_path / "data"), Pictures()
    build(teacher, source, tmp_path / "cache")
    changes = _other_pictures()[field]
    other = changes.pop("teacher", teacher)
    for attempt in (opened, build):
        with pytest.raises(ArtefactError, match=rf"made with another {field} \({field}: stored"):
            attempt(other, source, tmp_path / "cache", **changes)
    opened(teacher, source, tmp_path / "cache")


def test_another_tokenizer_is_refused_and_named(tmp_path: Path) -> None:
    from limbeck.core.spec import TextSpec
    from limbeck.data.views.text import TextView

    source, teacher = source_of(tmp_path / "data"), Texts()
    build(teacher, source, tmp_path / "cache")
    other = world.words().replace('"cat"', '"kat"')
    assert other != world.words()
    for attempt in (opened, build):
        with pytest.raises(ArtefactError, match=r"made with another tokenizer \("):
            attempt(teacher, source, tmp_path / "cache", view=TextView(TextSpec(tokenizer=other, max_length=8)))


def _key(**changes: Any) -> CacheKey:
    return CacheKey(
        **{
            "modality": "image",
            "teacher": "t",
            "tokenizer": "",
            "preprocessing": "p",
            "augmentation": "a",
            "outputs": ("pooled",),
            "width": 4,
            "dtype": "float32",
            **changes,
        }
    )


def test_every_field_that_differs_is_named_and_decides_the_fingerprint() -> None:
    changes = {
        "modality": "text",
        "teacher": "u",
        "tokenizer": "x",
        "preprocessing": "q",
        "augmentation": "",
        "outputs": ("pooled", "tokens"),
        "width": 5,
        "dtype": "float16",
        "precision": "bf16",
    }
    for name, value in changes.items():
        other = _key(**{name: value})
        with pytest.raises(ArtefactError, match=rf"cache here was made with another {name} \("):
            other.check(_key(), "here")
        assert other.fingerprint() != _key().fingerprint()
    with pytest.raises(ArtefactError, match="another teacher and width"):
        _key(teacher="u", width=5).check(_key(), "here")
    _key().check(_key(), "here")


def test_a_key_comes_back_from_plain_values_and_nothing_else_does() -> None:
    from dataclasses import asdict

    plain = asdict(_key()) | {"outputs": ["pooled"]}
    assert key_from(plain, "here") == _key()
    for bad in (
        None,
        [],
        {},
        plain | {"more": 1},
        {k: v for k, v in plain.items() if k != "width"},
        plain | {"outputs": 1},
    ):
        with pytest.raises(ArtefactError, match="here holds no key"):
            key_from(bad, "here")


def test_addresses_are_content_then_content_and_draw(tmp_path: Path) -> None:
    from hashlib import sha256

    source = source_of(tmp_path / "data")
    content = sha256(world.picture(3)).hexdigest()
    expected = [bytes.fromhex(content), *(sha256(f"{content} {draw}".encode()).digest() for draw in (1, 2))]
    assert list(addresses(source, 3, _key(), draws=2)) == expected
    assert list(addresses(source, 8, _key(), draws=2)) == expected  # the same picture under another id
    assert list(addresses(source, 3, _key(augmentation=""), draws=2)) == expected[:1]


def test_an_unknown_dtype_and_output_get_the_nearest_name() -> None:
    for changes, near in (({"dtype": "float61"}, "float16"), ({"wants": ("poold",)}, "pooled")):
        with pytest.raises(UsageError, match=f"did you mean '{near}'"):
            world.key(Pictures(), **changes)


def test_only_augmentations_of_the_modality_count() -> None:
    from limbeck.data.augmentation.caption_subset import CaptionSubset

    words = CaptionSubset()
    plain, flipped = world.key(Pictures()), world.key(Pictures(), augmentations=FLIP)
    assert world.key(Pictures(), augmentations=(words,)) == plain
    assert world.key(Pictures(), augmentations=(*FLIP, words)) == flipped
    assert world.key(Pictures(), augmentations=(words, *FLIP)) == flipped  # seeds count within the modality
    assert world.key(Pictures(), augmentations=(*FLIP, *FLIP)) != flipped
    assert len({plain.augmentation, flipped.augmentation}) == 2

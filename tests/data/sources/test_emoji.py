"""The real packages, fetched once a machine: until then these tests are slow. Skipped where npm is not installed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from data.fake_npm import needs_emoji, require_npm
from limbeck.core.errors import DataError, UsageError
from limbeck.core.source import Row
from limbeck.data.duplicates import find_duplicates
from limbeck.data.emoji_pictures import Concept, EmojiPictures, emoji_pictures
from limbeck.data.images import decode_image
from limbeck.data.named import named_source
from limbeck.data.phrases import normalised
from limbeck.data.sources.emoji import EmojiSource
from limbeck.data.thumbnails import thumbnails

pytestmark = needs_emoji()

VENDORS = {"apple", "facebook", "google", "twitter"}


@pytest.fixture(scope="module")
def emoji() -> EmojiSource:
    require_npm()
    return EmojiSource(texts=3000)


def kind(row: Row) -> str:
    return "+".join(sorted(row.modalities))


def held(source: EmojiSource) -> set[str]:
    return {row.group for row in source.rows if row.split != "train"}


def test_counts(emoji: EmojiSource) -> None:
    counts = Counter((kind(row), row.split) for row in emoji.rows)
    assert counts["image+text", "test"] == 4 * 250
    assert counts["image+text", "validation"] == 4 * 120
    assert counts["image+text", "train"] == 4 * 1482
    assert counts["text", "train"] == 3000
    assert counts["image", "train"] > 5000
    assert {split for _, split in counts} == {"train", "validation", "test"}


def test_a_row_is_a_concept_by_a_vendor(emoji: EmojiSource) -> None:
    rows = {row.id: row for row in emoji.rows}
    for vendor in VENDORS:
        row = rows[f"{vendor}/1f436"]
        assert row.text.startswith("dog face: ")
        assert "pet" in row.text.split(": ")[1].split(", ")
        assert (row.label, row.group, row.domain) == ("animals-nature", "1f436", vendor)
    index = next(n for n, row in enumerate(emoji.rows) if row.id == "google/1f436")
    assert decode_image(emoji.sample(index).values["image"]).size == (64, 64)
    assert len({emoji.content(n, "image") for n, row in enumerate(emoji.rows) if row.group == "1f436"}) == 4


def test_held_out_concepts_are_held_out_of_every_vendor_and_kind(emoji: EmojiSource) -> None:
    unseen = held(emoji)
    assert len(unseen) == 370
    owner = {skin: concept.code for concept in emoji_pictures().concepts for skin in concept.skins}
    assert owner["1f44b-1f3fb"] == "1f44b"
    assert unseen & set(owner.values())
    for row in emoji.rows:
        if row.split == "train" and row.group:
            assert row.group not in unseen
        if kind(row) == "image":
            assert owner[row.id.partition("/")[2]] not in unseen
            assert (row.label, row.group, row.text) == ("", "", "")
            assert row.domain in VENDORS


def test_no_code_without_its_skin_tones_is_a_held_out_concept(emoji: EmojiSource) -> None:
    tones = {"1f3fb", "1f3fc", "1f3fd", "1f3fe", "1f3ff"}
    codes = [row.id.partition("/")[2].split("-") for row in emoji.rows if kind(row) == "image"]
    assert all(tones & set(code) for code in codes)
    # emojibase says whose variant a picture is; the code points say it again
    bare = {"-".join(part for part in code if part not in tones) for code in codes}
    assert bare & {row.group for row in emoji.rows}
    assert not bare & held(emoji)


@pytest.mark.slow
def test_no_variant_looks_like_a_held_out_picture(emoji: EmojiSource) -> None:
    for vendor in ("google", "twitter"):
        rows = [n for n, row in enumerate(emoji.rows) if row.domain == vendor]
        first = [n for n in rows if kind(emoji.rows[n]) == "image"]
        last = [n for n in rows if emoji.rows[n].split != "train"]
        every = thumbnails(emoji, first + last)
        found = find_duplicates(every, every.rows(range(len(first), len(first) + len(last))))
        assert not [pair for pair in found if pair.first < len(first)]


@pytest.mark.parametrize("alike", [True, False])
def test_a_variant_that_looks_like_a_held_out_concept_is_left_out(monkeypatch, tmp_path: Path, alike: bool) -> None:
    concepts = tuple(Concept(f"{n:x}", f"number {n}", (), "signs", "digits", (f"{n:x}-1f3fb",)) for n in range(8))
    png = {(v, code): v.encode() + code.encode() for v in VENDORS for c in concepts for code in (c.code, *c.skins)}

    def source(near: tuple[tuple[tuple[str, str], tuple[str, str]], ...]) -> EmojiSource:
        made = EmojiPictures(png, concepts, near, tmp_path, True)
        monkeypatch.setattr("limbeck.data.sources.emoji.emoji_pictures", lambda: made)
        return EmojiSource(held=2, validation=1)

    def variants(source: EmojiSource) -> set[str]:
        return {row.id for row in source.rows if kind(row) == "image"}

    plain = source(())
    unseen = held(plain)
    trained = sorted({concept.code for concept in concepts} - unseen)
    assert variants(plain) == {f"{v}/{code}-1f3fb" for v in VENDORS for code in trained}
    other = min(unseen) if alike else trained[1]
    looks = source(((("google", f"{trained[0]}-1f3fb"), ("google", other)),))
    assert variants(plain) - variants(looks) == ({f"google/{trained[0]}-1f3fb"} if alike else set())


def test_no_text_row_is_a_held_out_label_or_caption(emoji: EmojiSource) -> None:
    texts = [row.text for row in emoji.rows if row.split != "train"]
    forbidden = {normalised(text) for text in texts} | {normalised(text.partition(": ")[0]) for text in texts}
    assert not forbidden & {normalised(row.text) for row in emoji.rows if kind(row) == "text"}


def test_concepts_of_one_picture_train_and_share_a_group(emoji: EmojiSource) -> None:
    group = {row.text.partition(":")[0]: row.group for row in emoji.rows if kind(row) == "image+text"}
    flags = [row for row in emoji.rows if row.group == "1f1e7-1f1fb"]  # Bouvet Island flies Norway's flag
    assert {row.text.partition(":")[0] for row in flags} >= {"flag Bouvet Island", "flag Norway"}
    assert {row.split for row in flags} == {"train"}
    assert len(group) > 1800
    assert len(emoji.removed) > 5
    assert not set(emoji.removed) & held(emoji)


def test_classes(emoji: EmojiSource) -> None:
    assert len(emoji.classes) == 9
    assert "food-drink" in emoji.classes
    assert "component" not in emoji.classes
    fine = EmojiSource(label="subgroup", skins=False)
    assert len(fine.classes) == 98
    assert all(row.modalities == {"image", "text"} for row in fine.rows)


def test_labels_alone_and_the_same_splits(emoji: EmojiSource) -> None:
    plain = EmojiSource(text="label")
    assert next(row for row in plain.rows if row.id == "apple/1f436").text == "dog face"
    assert {row.id for row in plain.rows if row.split == "test"} == {r.id for r in emoji.rows if r.split == "test"}
    assert plain.fingerprint() != emoji.fingerprint()


def test_apple_and_facebook_are_never_shown(emoji: EmojiSource) -> None:
    shown = {row.domain for n, row in enumerate(emoji.rows) if row.domain and emoji.may_display(n)}
    assert shown == {"google", "twitter"}
    assert "never ship it, never show it" in emoji.licence.read_text()


def test_a_vendor_held_out_at_another_size(emoji: EmojiSource) -> None:
    found = named_source("emoji:size=32,train=twitter+google,test=apple")
    domains = Counter((row.split, row.domain) for row in found.rows if row.text)
    assert set(domains) == {
        ("train", "google"), ("train", "twitter"), ("validation", "google"), ("validation", "twitter"),
        ("test", "apple"),
    }  # fmt: skip
    assert domains["test", "apple"] == 250
    assert found.removed == emoji.removed
    index = next(n for n, row in enumerate(found.rows) if row.split == "test")
    assert decode_image(found.sample(index).values["image"]).size == (32, 32)
    assert not found.may_display(index)


def test_arguments() -> None:
    require_npm()
    with pytest.raises(UsageError, match="held >= 1"):
        EmojiSource(held=0)
    with pytest.raises(DataError, match="not enough emoji"):
        EmojiSource(held=1800, validation=100)

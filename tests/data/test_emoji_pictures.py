from __future__ import annotations

import json
from pathlib import Path

import pytest

from data import fake_npm
from data.made import encoded, picture
from limbeck.core.errors import DataError
from limbeck.data import emoji_pictures as subject
from limbeck.data.emoji_pictures import VENDORS, Concept, concepts_of, emoji_pictures
from limbeck.data.npm import NpmFiles

GROUPS = {
    "groups": {"0": "faces", "2": "component", "3": "beasts"},
    "subgroups": {"0": "glad", "7": "cats", "9": "tone"},
}
ENTRIES = [
    {"hexcode": "1F600", "label": "grin ", "tags": ["happy", " glad"], "group": 0, "subgroup": 0},
    {"hexcode": "1F44B", "label": "wave", "group": 0, "subgroup": 0, "skins": [{"hexcode": "1F44B-1F3FB"}]},
    {"hexcode": "2764-FE0F", "label": "heart", "tags": ["love"], "group": 0, "subgroup": 0},
    {"hexcode": "1F63A", "label": "cat", "tags": [], "group": 3, "subgroup": 7},
    {"hexcode": "1F3FB", "label": "light skin tone", "group": 2, "subgroup": 9},
    {"hexcode": "1F1E6", "label": "regional indicator A"},
]
CODES = {"1f600", "1f44b", "1f44b-1f3fb", "2764", "1f63a", "1f3fb", "1f1e6"}


def words() -> dict[str, bytes]:
    return {"en/data.json": json.dumps(ENTRIES).encode(), "meta/groups.json": json.dumps(GROUPS).encode()}


def test_concepts_are_what_every_vendor_draws() -> None:
    found = concepts_of(words(), {vendor: CODES - ({"1f63a"} if vendor == "apple" else set()) for vendor in VENDORS})
    assert found == (
        Concept("1f600", "grin", ("happy", "glad"), "faces", "glad", ()),
        Concept("1f44b", "wave", (), "faces", "glad", ("1f44b-1f3fb",)),
        Concept("2764", "heart", ("love",), "faces", "glad", ()),
    )


def test_a_skin_that_one_vendor_lacks_is_left_out() -> None:
    drawn = {vendor: CODES - ({"1f44b-1f3fb"} if vendor == "google" else set()) for vendor in VENDORS}
    assert next(c for c in concepts_of(words(), drawn) if c.code == "1f44b").skins == ()


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Small packages; what was compared is noted."""
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path))
    alike = {"1f63a": 1}  # the cat looks like the grin

    def files(vendor: str) -> NpmFiles:
        pictures = {
            f"img/{vendor}/64/{code}{'-fe0f' if code == '2764' and vendor == 'apple' else ''}.png": encoded(
                picture(alike.get(code, number + 1), (64, 64))
            )
            for number, code in enumerate(["1f600", "1f44b", "2764", "1f44b-1f3fb", "1f63a"])
        }
        return NpmFiles(tmp_path, {"LICENSE": b"MIT", **pictures}, True)

    monkeypatch.setattr(
        subject,
        "fetch_emoji",
        lambda cache, notify: (
            NpmFiles(tmp_path, {"LICENSE": b"MIT", **words()}, True),
            {vendor: files(vendor) for vendor in VENDORS},
        ),
    )
    compared: list[str] = []
    real = subject._compare
    monkeypatch.setattr(subject, "_compare", lambda *given: (compared.append("once"), real(*given))[1])
    return compared


def test_near_equal_pictures_are_found_once_and_notes_lie_beside(packages: list[str]) -> None:
    first, second = emoji_pictures(), emoji_pictures()
    assert (first.reused, second.reused) == (False, True)
    assert packages == ["once"]
    assert {frozenset(pair) for pair in second.near} == {frozenset({(v, "1f600"), (v, "1f63a")}) for v in VENDORS}
    assert ("apple", "2764") in first.png
    assert len(first.png) == 4 * 5
    note = (first.folder / "LICENSE.txt").read_text()
    assert note.count("PROPRIETARY") == 2
    assert "CC BY 4.0" in note
    assert (first.folder / "LICENSE-emojibase-data.txt").read_text() == "MIT"


def test_damaged_notes_are_made_again(packages: list[str]) -> None:
    near = emoji_pictures().folder / "near.json"
    whole = near.read_bytes()
    near.write_bytes(whole.replace(b"apple", b"appel"))
    assert not emoji_pictures().reused
    assert near.read_bytes() == whole


def test_without_npm_the_fix_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(DataError, match=r"emojibase-data@17\.0\.0 is fetched with npm.*apt-get install npm"):
        emoji_pictures()


def test_what_npm_hands_over_has_to_be_what_was_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    fake_npm.install(tmp_path, fake_npm.gives(fake_npm.package(tmp_path / "x.tgz", {"LICENSE": b"MIT", **words()})))
    with pytest.raises(DataError, match=r"emojibase-data@17\.0\.0 from npm is not what Limbeck was tested with"):
        emoji_pictures()

"""Emoji as four vendors draw them, with their names: from npm, checked, near-equal pictures found once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from limbeck.core.artefact import new_folder, read_json, sha256_json, verify
from limbeck.core.errors import ArtefactError
from limbeck.data.duplicates import find_duplicates
from limbeck.data.npm import NpmFiles, npm_package
from limbeck.data.places import cache_folder
from limbeck.data.thumbnails import thumbnails_of

VENDORS = ("apple", "facebook", "google", "twitter")
PROPRIETARY = frozenset({"apple", "facebook"})
"""Vendors whose artwork may be measured with on this machine, and never shipped or shown."""

_VERSION = 1
_COMPONENT = 2  # emojibase's group of skin tones and hair: parts of emoji, no emoji
_WORDS = ("emojibase-data", "17.0.0")
_PICTURES = "16.0.0"
_DIGESTS = {
    "emojibase-data": "a2082c994ee93ee0e802f8a76737e2b3fe030d682a4bf515a618eb2a246978c3",
    "emoji-datasource-apple": "d85f3a33e8f2e6cb09b929dd1142f5ca81c5db1cd283f1caa201cfe13a0c4f88",
    "emoji-datasource-facebook": "297541be589d528c5c4237dc981b6e5e6f4910cb9cefa635ac1963fa32e01544",
    "emoji-datasource-google": "d1ce1af52f9c6d1c78835ed5cba45a9b7970a7a57f7af489aa2d609a06c2ff61",
    "emoji-datasource-twitter": "70407e7c46d585c12bb7e62933e16c721e1a7f75bc1a664c372fe82730d11efd",
}
_SIZE = 160_000_000
_NOTE = """Emoji of four vendors, 64 px, for measuring on this machine.

twitter   Twemoji: graphics under CC BY 4.0 (copyright Twitter, Inc. and contributors).
google    Noto Emoji: images under the Apache License 2.0, fonts under the SIL Open Font License 1.1 (Google LLC).
apple     Apple's artwork is PROPRIETARY: never ship it, never show it (no report, page or README may hold it).
facebook  Facebook's artwork is PROPRIETARY: the same holds.

Labels, tags and groups: emojibase-data {words} (MIT, copyright Miles Johnson; data derived from Unicode CLDR).
The pictures come from the npm packages emoji-datasource-VENDOR {pictures}, whose own code and metadata are under the
MIT licence (copyright Cal Henderson); that licence does not cover the artwork.
"""


@dataclass(frozen=True)
class Concept:
    """One emoji.

    Args:
        code: its code points in hexadecimal, without variation selectors.
        label: its name.
        tags: other words for it.
        group: the coarse class.
        subgroup: the fine class.
        skins: codes of its skin-tone variants.
    """

    code: str
    label: str
    tags: tuple[str, ...]
    group: str
    subgroup: str
    skins: tuple[str, ...]


@dataclass(frozen=True)
class EmojiPictures:
    """Pictures and words.

    Args:
        png: (vendor, code) -> PNG bytes, of concepts and of their skin-tone variants.
        concepts: those that all four vendors draw, in emojibase's order.
        near: pairs of (vendor, code) whose pictures are equal or near-equal, found vendor by vendor.
        folder: where the notes are kept.
        reused: whether nothing had to be fetched or compared.
    """

    png: Mapping[tuple[str, str], bytes]
    concepts: tuple[Concept, ...]
    near: tuple[tuple[tuple[str, str], tuple[str, str]], ...]
    folder: Path
    reused: bool


def emoji_pictures(*, notify: Callable[[str], None] = lambda line: None) -> EmojiPictures:
    """Every emoji that all four vendors draw: five npm packages, fetched on first use (345 MB), kept and verified.

    Raises:
        DataError: npm is missing, offline, or hands over something else than what was tested.
        ResourceError: the disk is too small.
    """
    cache = cache_folder()
    words, pictures = fetch_emoji(cache, notify=notify)
    png = {
        (vendor, _code(Path(name).stem)): data
        for vendor, fetched in pictures.items()
        for name, data in fetched.files.items()
        if name.endswith(".png")
    }
    concepts = concepts_of(words.files, {vendor: {code for v, code in png if v == vendor} for vendor in pictures})
    wanted = {code for concept in concepts for code in (concept.code, *concept.skins)}
    png = {place: data for place, data in png.items() if place[1] in wanted}
    made_of = {"digests": _DIGESTS, "comparing": _VERSION}
    folder = cache / f"emoji-{sha256_json(made_of)[:12]}"
    reused = all(part.reused for part in (words, *pictures.values()))
    try:
        verify(folder, kind="emoji")
    except ArtefactError:
        reused = False
        notify("looking for near-equal pictures, once")
        with new_folder(folder, "emoji", source=made_of, replace=folder.exists()) as target:
            near = _compare(png, concepts)
            (target / "near.json").write_text(json.dumps(near), encoding="utf-8")
            note = _NOTE.format(words=_WORDS[1], pictures=_PICTURES)
            (target / "LICENSE.txt").write_text(note, encoding="utf-8")
            for name, part in (("emojibase-data", words), *(("emoji-datasource", p) for p in pictures.values())):
                (target / f"LICENSE-{name}.txt").write_bytes(part.files["LICENSE"])
        verify(folder, kind="emoji")
    found = tuple((_place(a), _place(b)) for a, b in read_json(folder / "near.json"))
    return EmojiPictures(png, concepts, found, folder, reused)


def fetch_emoji(
    cache: Path, *, notify: Callable[[str], None] = lambda line: None
) -> tuple[NpmFiles, dict[str, NpmFiles]]:
    """The packages themselves: emojibase's words, and vendor -> pictures. Each is kept on its own."""

    def fetch(package: str, version: str, pattern: str, size: int) -> NpmFiles:
        wanted = re.compile(pattern)
        return npm_package(
            package,
            version=version,
            keep=lambda path: wanted.fullmatch(path) is not None,
            digest=_DIGESTS[package],
            cache=cache,
            size=size,
            notify=notify,
        )

    words = fetch(*_WORDS, r"LICENSE|en/data\.json|meta/groups\.json", 20_000_000)
    pictures = {
        vendor: fetch(f"emoji-datasource-{vendor}", _PICTURES, rf"LICENSE|img/{vendor}/64/[0-9a-f-]+\.png", _SIZE)
        for vendor in VENDORS
    }
    return words, pictures


def concepts_of(words: Mapping[str, bytes], drawn: Mapping[str, set[str]]) -> tuple[Concept, ...]:
    """Emoji that every vendor draws; vendors disagree on where they write the variation selector, so it is left out.

    Args:
        words: emojibase's `en/data.json` and `meta/groups.json`.
        drawn: vendor -> codes.
    """
    common = set.intersection(*drawn.values())
    names = json.loads(words["meta/groups.json"])
    found = []
    for entry in json.loads(words["en/data.json"]):
        code, group = _code(entry["hexcode"]), entry.get("group", _COMPONENT)
        if group == _COMPONENT or code not in common:
            continue
        found.append(
            Concept(
                code,
                entry["label"].strip(),
                tuple(str(tag).strip() for tag in entry.get("tags", ())),
                names["groups"][str(group)],
                names["subgroups"][str(entry["subgroup"])],
                tuple(c for c in (_code(skin["hexcode"]) for skin in entry.get("skins", ())) if c in common),
            )
        )
    return tuple(found)


def _code(name: str) -> str:
    return name.lower().replace("-fe0f", "")


def _place(name: str) -> tuple[str, str]:
    vendor, _, code = name.partition("/")
    return vendor, code


def _compare(png: Mapping[tuple[str, str], bytes], concepts: Sequence[Concept]) -> list[tuple[str, str]]:
    """Pairs with pictures that look the same, of different concepts; the second one is no skin-tone variant."""
    owner = {code: concept.code for concept in concepts for code in (concept.code, *concept.skins)}
    codes = sorted(owner, key=lambda code: (owner[code] != code, code))
    near = []
    for vendor in VENDORS:
        every = thumbnails_of([png[vendor, code] for code in codes])
        plain = every.rows(range(len(concepts)))
        near += [
            (f"{vendor}/{codes[pair.first]}", f"{vendor}/{codes[pair.second]}")
            for pair in find_duplicates(every, plain)
            if owner[codes[pair.first]] != owner[codes[pair.second]]
        ]
    return near

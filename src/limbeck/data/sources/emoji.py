"""`EmojiSource`: emoji as four vendors draw them, with labels and tags; the built-in name `emoji`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Literal

from limbeck.core.errors import DataError, UsageError
from limbeck.data.emoji_pictures import PROPRIETARY, VENDORS, Concept, EmojiPictures, emoji_pictures
from limbeck.data.phrases import normalised, phrases
from limbeck.data.record import Record, Table
from limbeck.data.table import TableSource


class EmojiSource(TableSource):
    """1,852 concepts drawn by Apple, Facebook, Google and Twitter at 64 px, each with `label: tag, tag, ...`.

    A row is one concept by one vendor: `domain` is the vendor, `group` the concept, `label` a class of emojibase.
    Held-out concepts are held out of every vendor; they come first in the order of the SHA-256 of their code points. A
    concept whose picture looks like another one's (flags of dependencies, families) trains, and `removed` counts it.
    Skin-tone variants are training rows with a picture alone, without those of, and those that look like, a held-out
    concept.

    Use when domains matter, or when icons are too few. Fetched once with npm (345 MB over the line, 66 MB kept). The
    artwork of Apple and Facebook is proprietary: `may_display` is False for it.

    Args:
        held: concepts never seen in training; they test.
        validation: further concepts for choosing.
        text: what a caption holds.
        label: coarse classes (9) or fine ones (98).
        skins: whether skin-tone variants are there.
        texts: text-only rows; 0 leaves them out.

    Raises:
        DataError: npm is missing or offline, or there are not enough concepts for the splits.
    """

    def __init__(
        self,
        *,
        held: int = 250,
        validation: int = 120,
        text: Literal["label+tags", "label"] = "label+tags",
        label: Literal["group", "subgroup"] = "group",
        skins: bool = True,
        texts: int = 0,
    ) -> None:
        if held < 1 or validation < 1 or texts < 0:
            raise UsageError(
                f"emoji need held >= 1, validation >= 1 and texts >= 0, got {held}, {validation} and {texts}"
            )
        self.held = held
        self.validation = validation
        self.text = text
        self.label = label
        self.skins = skins
        self.texts = texts
        pictures = emoji_pictures()
        self.reused = pictures.reused
        same = _same(pictures)
        split, removed = _divide(pictures.concepts, same, held, validation)
        self.removed = removed
        """Concepts that were passed over for the test split: their picture is not theirs alone."""
        records = [
            Record(
                f"{vendor}/{concept.code}",
                {"image": pictures.png[vendor, concept.code], "text": _caption(concept, text)},
                split=split[concept.code],
                label=getattr(concept, label),
                group=same.get(concept.code, concept.code),
                domain=vendor,
            )
            for concept in pictures.concepts
            for vendor in VENDORS
        ]
        records += _skins(pictures, split) if skins else []
        records += _texts(pictures.concepts, split, text, texts) if texts else []
        super().__init__("emoji", table=Table(tuple(records), ("image", "text")), folder=pictures.folder)

    @cached_property
    def _print(self) -> str:
        return super().fingerprint()

    def fingerprint(self) -> str:
        """Hash of ids, splits and contents; computed once, since nothing can change under a source in memory."""
        return self._print

    @property
    def licence(self) -> Path:
        """What may be done with which vendor's pictures, and with the words."""
        return self.folder / "LICENSE.txt"

    def may_display(self, index: int) -> bool:
        """False for the artwork of Apple and Facebook."""
        return self.rows[index].domain not in PROPRIETARY


def _caption(concept: Concept, text: str) -> str:
    label = concept.label.replace(":", "")  # `flag: Norway`; the colon stands between the label and the tags
    return f"{label}: {', '.join(concept.tags)}" if concept.tags and text != "label" else label


def _same(pictures: EmojiPictures) -> dict[str, str]:
    """Code -> group, for concepts that one vendor draws (nearly) like another one."""
    parent = {concept.code: concept.code for concept in pictures.concepts}

    def root(code: str) -> str:
        while parent[code] != code:
            code = parent[code]
        return code

    pairs = [(a, b) for (_, a), (_, b) in pictures.near if a in parent and b in parent]
    for first, second in pairs:
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    return {code: root(code) for code in {code for pair in pairs for code in pair}}


def _divide(
    concepts: Sequence[Concept], same: Collection[str], held: int, validation: int
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Code -> split, and the concepts that were passed over for testing."""
    split = {concept.code: "train" for concept in concepts}
    order = sorted(split, key=lambda code: sha256(code.encode()).digest())
    free = [code for code in order if code not in same]
    if len(free) < held + validation:
        raise DataError(f"there are not enough emoji for {held} test and {validation} validation concepts")
    split |= dict.fromkeys(free[:held], "test") | dict.fromkeys(free[held : held + validation], "validation")
    last = order.index(free[held - 1])
    return split, tuple(code for code in order[:last] if code in same)


def _skins(pictures: EmojiPictures, split: dict[str, str]) -> list[Record]:
    near = {
        place
        for pair in pictures.near
        for place in pair
        if any(split.get(code, "train") != "train" for _, code in pair)
    }
    return [
        Record(f"{vendor}/{code}", {"image": pictures.png[vendor, code]}, split="train", domain=vendor)
        for concept in pictures.concepts
        if split[concept.code] == "train"
        for code in concept.skins
        for vendor in VENDORS
        if (vendor, code) not in near
    ]


def _texts(concepts: Sequence[Concept], split: dict[str, str], text: str, count: int) -> list[Record]:
    forbidden: set[str] = set()
    words: dict[str, list[str]] = {}
    for concept in concepts:
        if split[concept.code] == "train":
            words.setdefault(concept.label, []).extend(concept.tags)
        else:
            forbidden |= {normalised(concept.label), normalised(_caption(concept, text))}
    found = phrases(words, count=count, forbidden=forbidden)
    return [Record(f"text/{normalised(phrase)}", {"text": phrase}, split="train") for phrase in found]

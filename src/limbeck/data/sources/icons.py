"""`IconsSource`: Font Awesome's free icons with their labels and search terms; the built-in name `icons`."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from pathlib import Path

from limbeck.core.errors import DataError, UsageError
from limbeck.data.icon_pictures import IconPictures, icon_pictures
from limbeck.data.phrases import normalised, phrases
from limbeck.data.record import Record, Table
from limbeck.data.table import TableSource


class IconsSource(TableSource):
    """1,395 solid icons as black-on-white pictures, each with `Label: term, term, ...`; other styles and texts apart.

    Test and validation icons come first in the order of the SHA-256 of their names. An icon whose label or picture
    (near-equal) another icon shares is not tested on: it trains, and `removed` counts it. No other style of a held-out
    icon, no picture near one and no text equal to one of their labels or captions is in the training rows.

    Use when a real, small, human-written image-text data set is wanted with nothing but pip. Pictures are drawn once
    and kept (`reused` says which it was); the licence (CC BY 4.0) lies beside them in `folder`.

    Args:
        drawn: pixels of a side at which icons are drawn, at least 64; `icons:size=32` shrinks the pictures.
        texts: text-only rows; 0 leaves them out.
        test: icons never seen in training.
        validation: icons for choosing.

    Raises:
        DataError: a package is missing, or there are not enough icons for the splits.
    """

    def __init__(self, *, drawn: int = 160, texts: int = 48_000, test: int = 250, validation: int = 120) -> None:
        if drawn < 64 or texts < 0 or test < 1 or validation < 1:
            raise UsageError(
                "icons need drawn >= 64, texts >= 0, test >= 1 and validation >= 1, "
                f"got {drawn}, {texts}, {test} and {validation}"
            )
        self.drawn = drawn
        self.texts = texts
        self.test = test
        self.validation = validation
        pictures = icon_pictures(size=drawn)
        self.reused = pictures.reused
        chosen = _Choice(pictures, test, validation)
        self.removed = tuple(chosen.removed)
        """Icons that were passed over for the test split: their label or picture is not theirs alone."""
        records = [*chosen.labelled(), *chosen.unlabelled()]
        records += [Record(f"text/{key}", {"text": text}, split="train") for key, text in chosen.texts(texts)]
        super().__init__("icons", table=Table(tuple(records), ("image", "text")), folder=pictures.folder)

    @cached_property
    def _print(self) -> str:
        return super().fingerprint()

    def fingerprint(self) -> str:
        """Hash of ids, splits and contents; computed once, since nothing can change under a source in memory."""
        return self._print

    @property
    def licence(self) -> Path:
        """The licence of the pictures."""
        return self.folder / "LICENSE.txt"


class _Choice:
    """Which icon goes where."""

    def __init__(self, pictures: IconPictures, test: int, validation: int) -> None:
        self.pictures = pictures
        self.names = sorted(name for style, name in pictures.png if style == "solid")
        self.same = self._same()
        self.removed: list[str] = []
        self.split: dict[str, str] = dict.fromkeys(self.names, "train")
        wanted = {"test": test, "validation": validation}
        order = iter(sorted(self.names, key=lambda name: sha256(name.encode()).digest()))
        for split, count in wanted.items():
            while count:
                name = next(order, None)
                if name is None:
                    raise DataError(f"there are not enough icons for {test} test and {validation} validation rows")
                if name in self.same:
                    self.removed += [name] if split == "test" else []
                    continue
                self.split[name] = split
                count -= 1
        self.held = [name for name in self.names if self.split[name] != "train"]

    def _same(self) -> dict[str, str]:
        """Name -> group, for icons that share a label or a picture with another one."""
        groups: dict[str, str] = {}
        for (style, name), (other_style, other) in sorted(self.pictures.near):
            if style == other_style == "solid":
                known = groups.get(name) or groups.get(other) or f"picture:{name}"
                groups |= {name: known, other: known}
        labels: dict[str, list[str]] = {}
        for name in self.names:
            labels.setdefault(normalised(self.pictures.words[name][0]), []).append(name)
        for label, shared in labels.items():
            if len(shared) > 1:
                known = next((groups[name] for name in shared if name in groups), f"label:{label}")
                groups |= dict.fromkeys(shared, known)
        return groups

    def caption(self, name: str) -> str:
        label, terms = self.pictures.words[name]
        return f"{label}: {', '.join(terms)}" if terms else label

    def labelled(self) -> list[Record]:
        return [
            Record(
                name,
                {"image": self.pictures.png["solid", name], "text": self.caption(name)},
                split=self.split[name],
                group=self.same.get(name, ""),
            )
            for name in self.names
        ]

    def unlabelled(self) -> list[Record]:
        held = set(self.held)
        near = {place for pair in self.pictures.near for place in pair if any(other[1] in held for other in pair)}
        return [
            Record(f"{style}/{name}", {"image": png}, split="train")
            for (style, name), png in sorted(self.pictures.png.items())
            if style != "solid" and name not in held and (style, name) not in near
        ]

    def texts(self, count: int) -> list[tuple[str, str]]:
        if not count:
            return []
        forbidden = set()
        for name in self.held:
            forbidden |= {normalised(self.pictures.words[name][0]), normalised(self.caption(name))}
        words: dict[str, list[str]] = {}
        for name in self.names:
            if self.split[name] == "train":
                label, terms = self.pictures.words[name]
                words.setdefault(label, []).extend(terms)
        return [(normalised(text), text) for text in phrases(words, count=count, forbidden=forbidden)]

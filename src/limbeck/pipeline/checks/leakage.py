"""Held-out rows that training has seen: found before anything is measured on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from limbeck.core.source import Source
from limbeck.data.duplicates import Duplicate, find_duplicates
from limbeck.data.facts import facts_of
from limbeck.data.phrases import normalised
from limbeck.data.scan import Watch, unwatched
from limbeck.data.thumbnails import Thumbnails, thumbnails
from limbeck.pipeline.checks.finding import Finding

HELD = ("test", "validation")
MOST_NEAR = 20_000
LOOKING = "looking for held-out pictures in training"
_CHUNK = 4096


@dataclass(frozen=True)
class Leaks:
    """Rows of test and validation that stand in training as well.

    Args:
        pictures: held-out split -> a pair for each held-out row (`first`) that shares its picture with training
            (`second`: the first row with an equal one, else a row with one that is near).
        captions: held-out split -> rows whose caption is a training row's caption, pictures apart.
        compared: training pictures that near-duplicates were looked for in.
        training: training pictures in all; those that were not compared by look were compared byte by byte.
        kept_clean: the source promises to have removed its own duplicates, and nothing was compared.
        held: held-out split -> rows that were compared.
        twins: training rows with words whose picture is an earlier one's, with which they share neither group nor
            caption: a contrastive loss takes the words of the one for a wrong answer to the other.
    """

    pictures: Mapping[str, tuple[Duplicate, ...]] = field(default_factory=dict)
    captions: Mapping[str, int] = field(default_factory=dict)
    compared: int = 0
    training: int = 0
    kept_clean: bool = False
    held: Mapping[str, int] = field(default_factory=dict)
    twins: tuple[Duplicate, ...] = ()

    def rows(self, split: str) -> frozenset[int]:
        """Rows of one held-out split whose picture is a training row's."""
        return frozenset(pair.first for pair in self.pictures.get(split, ()))

    def without(self, splits: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
        """The splits without those rows."""
        gone = {name: self.rows(name) for name in splits}
        return {name: [row for row in rows if row not in gone[name]] for name, rows in splits.items()}

    def lines(self, source: Source) -> list[str]:
        """What was removed from where, one sentence a split."""
        said = []
        for split, pairs in self.pictures.items():
            removed = self.rows(split)
            if not removed:
                continue
            exact = len({pair.first for pair in pairs if pair.exact})
            first = pairs[0]
            said.append(
                f"{len(removed)} {split} rows are left out because training has their picture ({exact} exact, "
                f"{len(removed) - exact} near), first: {source.rows[first.first].id} = {source.rows[first.second].id}"
            )
        for split, count in self.captions.items():
            if count:
                said.append(f"{count} {split} rows have a caption that a training row has too; they stay")
        return said


def find_leaks(
    source: Source, splits: Mapping[str, Sequence[int]], *, most: int = MOST_NEAR, watch: Watch = unwatched
) -> Leaks:
    """Compare every held-out picture and caption with training.

    Training pictures are read in chunks, so that memory stays flat; near-duplicates are looked for among the first
    `most` of each split, exact ones (equal bytes) among all. A source with `removed` has done this itself.

    Args:
        source: the rows.
        splits: split -> rows.
        most: pictures of a split that are compared by look.
        watch: told how many pictures there are; what it returns is called after each that was looked at.
    """
    captions = _captions(source, splits)
    if hasattr(source, "removed"):
        return Leaks(captions=captions, kept_clean=True)
    pictured = {
        name: [row for row in splits.get(name, ()) if "image" in source.rows[row].modalities]
        for name in (*HELD, "train")
    }
    training = pictured["train"]
    found: dict[str, dict[int, Duplicate]] = {name: {} for name in HELD}
    tick = watch(sum(len(rows[:most]) for rows in pictured.values()) if training else 0)
    held = {name: thumbnails(source, pictured[name][:most], tick=tick) for name in HELD if training}
    twins = _Twins(source)
    for start in range(0, len(training[:most]) if any(map(len, held.values())) else 0, _CHUNK):
        chunk = thumbnails(source, training[:most][start : start + _CHUNK], tick=tick)
        twins.look(chunk)
        for name, part in held.items():
            _nearest(part, chunk, found[name])
    if max(map(len, pictured.values())) > most:
        for name in HELD:
            _equal_bytes(source, pictured[name], training, found[name])
    pairs = {
        name: tuple(sorted(one.values(), key=lambda pair: (not pair.exact, pair.distance, pair.first)))
        for name, one in found.items()
    }
    looked = {name: len(splits.get(name, ())) for name in HELD}
    compared = min(most, len(training))
    return Leaks(pairs, captions, compared=compared, training=len(training), held=looked, twins=tuple(twins.found))


def leakage(source: Source, leaks: Leaks) -> list[Finding]:
    """What `doctor` says about leaks.

    Args:
        source: the rows.
        leaks: what was found.
    """
    if leaks.kept_clean:
        found = [Finding("ok", "leakage", "the source keeps duplicates of training rows out of its held-out rows")]
    elif any(leaks.rows(split) for split in HELD):
        counts = " and ".join(f"{len(leaks.rows(s))} of {leaks.held.get(s, 0)} {s} rows" for s in HELD if leaks.rows(s))
        first = next(pairs for pairs in leaks.pictures.values() if pairs)[0]
        ids = f"{source.rows[first.first].id} = {source.rows[first.second].id}"
        found = [
            Finding(
                "warning",
                "leakage",
                f"the pictures of {counts} stand in training too, exactly or nearly (first: {ids})",
                "a run leaves them out of its evaluation; give equal pictures one split, or one `group`",
            )
        ]
    else:
        found = [Finding("ok", "leakage", f"no held-out picture among {leaks.compared} training pictures")]
    if leaks.training > leaks.compared and not leaks.kept_clean:
        found.append(
            Finding(
                "note",
                "near duplicates",
                f"looked for among {leaks.compared} of {leaks.training} training pictures; the rest was compared byte "
                "by byte",
            )
        )
    if leaks.twins:
        ids = f"{source.rows[leaks.twins[0].second].id} = {source.rows[leaks.twins[0].first].id}"
        found.append(
            Finding(
                "warning",
                "same pictures",
                f"{len(leaks.twins)} of {leaks.training} training rows have the picture of another one and other words "
                f"(first: {ids}), which a contrastive loss takes for wrong answers",
                "give the rows of one picture one `group`",
            )
        )
    shared = sum(leaks.captions.values())
    if shared:
        found.append(
            Finding(
                "note",
                "same captions",
                f"{shared} held-out rows have a caption that a training row has too",
                "fine for generic captions; where a caption names one thing, give its rows one `group`",
            )
        )
    return found


def _captions(source: Source, splits: Mapping[str, Sequence[int]]) -> dict[str, int]:
    rows = source.rows
    seen = {normalised(rows[row].text) for row in splits.get("train", ()) if rows[row].text}
    return {
        name: sum(bool(rows[row].text) and normalised(rows[row].text) in seen for row in splits.get(name, ()))
        for name in HELD
    }


def _nearest(part: Thumbnails, chunk: Thumbnails, found: dict[int, Duplicate]) -> None:
    """One training row for each held-out row that shares its picture: an equal one, else one that is near.

    All pairs would be the product of both counts, where a shop shows one "no picture" in thousands of rows.
    """
    rows = dict(zip(reversed(chunk.pixels), reversed(chunk.index), strict=True))  # the first of equal ones
    for row, digest in zip(part.index, part.pixels, strict=True):
        if digest in rows and not (row in found and found[row].exact):
            found[row] = Duplicate(row, rows[digest], True, 0.0)
    rest = [place for place, row in enumerate(part.index) if row not in found]
    for pair in find_duplicates(part.rows(rest), chunk) if rest else ():
        found.setdefault(pair.first, pair)  # nearest first


def _equal_bytes(source: Source, held: Sequence[int], training: Sequence[int], found: dict[int, Duplicate]) -> None:
    waiting: dict[str, list[int]] = {}
    for row in held if training else ():
        if row not in found or not found[row].exact:
            waiting.setdefault(source.content(row, "image"), []).append(row)
    for other in training if waiting else ():
        for row in waiting.pop(source.content(other, "image"), ()):
            found[row] = Duplicate(row, other, True, 0.0)


class _Twins:
    """Training rows of one picture whose words are pushed apart.

    Args:
        source: the rows.
    """

    def __init__(self, source: Source) -> None:
        self.rows, self.group = source.rows, facts_of(source).groups
        self.first: dict[str, int] = {}
        self.found: list[Duplicate] = []

    def look(self, chunk: Thumbnails) -> None:
        """Take in the next training rows."""
        for row, digest in zip(chunk.index, chunk.pixels, strict=True):
            if "text" in self.rows[row].modalities:
                other = self.first.setdefault(digest, row)
                if self.group[other] != self.group[row]:
                    self.found.append(Duplicate(row, other, True, 0.0))

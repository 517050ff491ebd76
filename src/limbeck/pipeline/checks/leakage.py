"""Held-out rows that training has seen: found before anything is measured on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from limbeck.core.source import Source
from limbeck.data.duplicates import Duplicate, find_duplicates
from limbeck.data.phrases import normalised
from limbeck.data.thumbnails import Thumbnails, thumbnails
from limbeck.pipeline.checks.finding import Finding

HELD = ("test", "validation")
MOST_NEAR = 20_000
_CHUNK = 4096


@dataclass(frozen=True)
class Leaks:
    """Rows of test and validation that stand in training as well.

    Args:
        pictures: held-out split -> pairs of a held-out row (`first`) and a training row with the same picture.
        captions: held-out split -> rows whose caption is a training row's caption, pictures apart.
        compared: training pictures that near-duplicates were looked for in.
        training: training pictures in all; those that were not compared by look were compared byte by byte.
        kept_clean: the source promises to have removed its own duplicates, and nothing was compared.
        held: held-out split -> rows that were compared.
    """

    pictures: Mapping[str, tuple[Duplicate, ...]] = field(default_factory=dict)
    captions: Mapping[str, int] = field(default_factory=dict)
    compared: int = 0
    training: int = 0
    kept_clean: bool = False
    held: Mapping[str, int] = field(default_factory=dict)

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


def find_leaks(source: Source, splits: Mapping[str, Sequence[int]], *, most: int = MOST_NEAR) -> Leaks:
    """Compare every held-out picture and caption with training.

    Training pictures are read in chunks, so that memory stays flat; near-duplicates are looked for among the first
    `most` of each split, exact ones (equal bytes) among all. A source with `removed` has done this itself.

    Args:
        source: the rows.
        splits: split -> rows.
        most: pictures of a split that are compared by look.
    """
    captions = _captions(source, splits)
    if hasattr(source, "removed"):
        return Leaks(captions=captions, kept_clean=True)
    pictured = {
        name: [row for row in splits.get(name, ()) if "image" in source.rows[row].modalities]
        for name in (*HELD, "train")
    }
    training = pictured["train"]
    pairs: dict[str, list[Duplicate]] = {name: [] for name in HELD}
    held = {name: thumbnails(source, pictured[name][:most]) for name in HELD if training}
    for chunk in _chunks(source, training[:most] if any(map(len, held.values())) else ()):
        for name, part in held.items():
            if len(part):
                pairs[name] += find_duplicates(part, chunk)
    if max(map(len, pictured.values())) > most:
        for name in HELD:
            pairs[name] += _equal_bytes(source, pictured[name], training)
    found = {
        name: tuple(sorted(some, key=lambda pair: (not pair.exact, pair.distance, pair.first)))
        for name, some in pairs.items()
    }
    looked = {name: len(splits.get(name, ())) for name in HELD}
    return Leaks(found, captions, compared=min(most, len(training)), training=len(training), held=looked)


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


def _chunks(source: Source, indices: Sequence[int]) -> Iterator[Thumbnails]:
    for start in range(0, len(indices), _CHUNK):
        yield thumbnails(source, indices[start : start + _CHUNK])


def _equal_bytes(source: Source, held: Sequence[int], training: Sequence[int]) -> list[Duplicate]:
    if not training or not held:
        return []
    place: dict[str, list[int]] = {}
    for row in held:
        place.setdefault(source.content(row, "image"), []).append(row)
    return [
        Duplicate(row, other, True, 0.0) for other in training for row in place.get(source.content(other, "image"), ())
    ]

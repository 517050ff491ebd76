"""`DataCard`: what a data set holds, in numbers, before anybody trains on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from limbeck.core.source import Source
from limbeck.data.duplicates import Duplicate, find_duplicates
from limbeck.data.phrases import normalised
from limbeck.data.thumbnails import thumbnails


@dataclass(frozen=True)
class DataCard:
    """Counts, lengths and leakage of a source.

    Args:
        name: of the source.
        rows: in all.
        counts: split -> kind of row (`image+text`) -> rows.
        lengths: split -> (shortest, median, longest) text in characters; splits without text are left out.
        exact: pairs of equal pictures in two splits.
        near: pairs of near-equal pictures in two splits.
        same_text: texts that occur in training and in a held-out split.
        removed: rows that the source kept out of the test split because of a duplicate.
        labels: label -> rows.
        ids: pairs of ids behind `exact` and `near`, at most 20.
    """

    name: str
    rows: int
    counts: Mapping[str, Mapping[str, int]]
    lengths: Mapping[str, tuple[int, int, int]]
    exact: int
    near: int
    same_text: int
    removed: int = 0
    labels: Mapping[str, int] | None = None
    ids: tuple[tuple[str, str], ...] = ()

    def lines(self) -> list[str]:
        """The card as text, a fact a line."""
        out = [f"{self.name}: {self.rows} rows"]
        for split, kinds in self.counts.items():
            text = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
            length = self.lengths.get(split)
            shown = f"; text of {length[0]} to {length[2]} characters, median {length[1]}" if length else ""
            out.append(f"{split}: {text}{shown}")
        if self.labels:
            out.append(f"labels: {len(self.labels)}, largest {max(self.labels.values())} rows")
        out.append(
            f"across splits: {self.exact} exact and {self.near} near-duplicate pictures, "
            f"{self.same_text} equal texts; {self.removed} rows kept out of test for that reason"
        )
        out += [f"  {first} = {second}" for first, second in self.ids]
        return out


def card(source: Source, *, splits: Mapping[str, Sequence[int]] | None = None) -> DataCard:
    """Describe a source; every picture is decoded once.

    Use when a run or the doctor starts: a test row whose picture is in the training rows makes the result worthless.

    Args:
        source: the rows.
        splits: split -> rows; None takes `split_of`.
    """
    if splits is None:
        from limbeck.data.splits import split_of

        splits = split_of(source)
    rows = source.rows
    counts = {
        split: dict(sorted(Counter("+".join(sorted(rows[index].modalities)) or "unusable" for index in part).items()))
        for split, part in splits.items()
        if part
    }
    lengths = {}
    for split, part in splits.items():
        sizes = sorted(len(rows[index].text) for index in part if rows[index].text)
        if sizes:
            lengths[split] = (sizes[0], sizes[len(sizes) // 2], sizes[-1])
    leaks = leaked_pictures(source, splits)
    seen = {normalised(rows[index].text) for index in splits.get("train", ()) if rows[index].text}
    held = {normalised(rows[i].text) for name in splits if name != "train" for i in splits[name] if rows[i].text}
    labels = Counter(row.label for row in rows if row.label)
    return DataCard(
        name=str(getattr(source, "path", type(source).__name__)),
        rows=len(rows),
        counts=counts,
        lengths=lengths,
        exact=sum(pair.exact for pair in leaks),
        near=sum(not pair.exact for pair in leaks),
        same_text=len(seen & held),
        removed=len(getattr(source, "removed", ())),
        labels=dict(labels) or None,
        ids=tuple((rows[pair.first].id, rows[pair.second].id) for pair in leaks[:20]),
    )


def leaked_pictures(source: Source, splits: Mapping[str, Sequence[int]]) -> list[Duplicate]:
    """Equal and near-equal pictures in two splits; `first` is in the later split (test before validation)."""
    found: list[Duplicate] = []
    made = {name: thumbnails(source, part) for name, part in splits.items() if part}
    order: list[str] = [name for name in ("test", "validation", "train") if name in made]
    order += sorted(name for name in made if name not in order)
    for number, name in enumerate(order):
        for other in order[number + 1 :]:
            found += find_duplicates(made[name], made[other])
    return found

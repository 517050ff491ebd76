"""Ids, splits, captions, labels and unreadable rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from limbeck.core.source import Source
from limbeck.data.facts import facts_of
from limbeck.data.scan import ScanReport
from limbeck.pipeline.checks.finding import Finding
from limbeck.pipeline.checks.leakage import Leaks
from limbeck.pipeline.rows import kind_of, remedy

_FEW = 100
_COMMON = 0.05


def check_rows(
    source: Source,
    splits: Mapping[str, Sequence[int]],
    report: ScanReport,
    *,
    max_bad: float,
    leaks: Leaks | None = None,
    pairs: bool = False,
) -> Iterator[Finding]:
    """What can be said of rows without looking at a model.

    Args:
        source: every row, unreadable ones included.
        splits: split -> rows.
        report: what reading (some of) them found.
        max_bad: share of unreadable rows that is let pass.
        leaks: held-out rows that training has seen: a run measures nothing on them, so they do not count.
        pairs: a run on pairs is asked about, so that pictures with classes alone do not do.
    """
    rows = source.rows
    if not rows:
        yield Finding("error", "rows", "there are no rows", "check that the file is the one that you mean")
        return
    yield from _readable(report, len(rows), max_bad)
    yield from _ids(source)
    yield from _kinds(source, splits, leaks or Leaks(), pairs=pairs)
    yield from _captions(source)
    yield from _labels(source)


def _readable(report: ScanReport, rows: int, max_bad: float) -> Iterator[Finding]:
    looked = f"{report.rows} of {rows} rows read" if report.rows < rows else f"all {report.rows} rows read"
    if not report.bad:
        yield Finding("ok", "rows", f"{looked} and decoded")
    else:
        shown = "; ".join(report.lines(most=5))
        level, fix = ("error", "mend them or raise --max-bad") if report.share > max_bad else ("warning", "mend them")
        yield Finding(
            level, "rows", f"{looked}, {len(report.bad)} of them ({report.share:.2%}) cannot be used: {shown}", fix
        )
    if report.ignored:
        yield Finding("note", "columns", f"ignored: {', '.join(report.ignored)}")


def _ids(source: Source) -> Iterator[Finding]:
    rows = source.rows
    twice = [name for name, count in Counter(row.id for row in rows).items() if count > 1]
    if twice:
        yield Finding("error", "ids", f"{len(twice)} ids occur twice, first: {twice[0]}", "give each row its own id")
    elif getattr(source, "numbered", False) and not all(row.group for row in rows):  # 0, 1, 2, ... may be a column
        yield Finding(
            "note",
            "ids",
            "there are none, so rows go by their number",
            "add an `id` column: otherwise a row that is inserted moves others from one split to another",
        )
    else:
        yield Finding("ok", "ids", f"{len(rows)}, each of them once")


def _kinds(source: Source, splits: Mapping[str, Sequence[int]], leaks: Leaks, *, pairs: bool) -> Iterator[Finding]:
    rows, complete, kept = source.rows, kind_of(source.modalities), leaks.without(splits)
    usable = {name: Counter(kind_of(rows[row].modalities) for row in part) for name, part in kept.items()}
    dealt = "a stable hash of the group or id" if any(row.group for row in rows) else "a stable hash of the id"
    named = "the `split` column" if any(row.split for row in rows) else dealt
    counts = "; ".join(
        f"{name} {', '.join(f'{count} {kind}' for kind, count in sorted(kinds.items()) if kind) or 'nothing'}"
        for name, kinds in usable.items()
    )
    yield Finding("ok", "splits", f"{counts} (by {named})")
    classes = complete == "image" and not pairs and any(row.label for row in rows)
    if complete != "image+text" and not classes:
        missing = "text" if "text" not in source.modalities else "image"
        yield Finding("error", "splits", f"there is no column '{missing}'", "distilling needs pairs of image and text")
        return
    what = " and ".join(sorted(source.modalities))
    level = "warning" if classes else "error"  # `evaluate --split all` takes pictures with classes undivided
    if not usable["train"][complete]:
        yield Finding(level, "splits", f"no training row has {what}", remedy(source, splits, "train"))
        if not any(kind_of(row.modalities) == complete for row in rows):
            return  # one cause, said once
    for name in ("validation", "test"):
        count = usable[name][complete]
        gone = sum(kind_of(rows[row].modalities) == complete for row in splits.get(name, ())) - count
        if count < 2:
            found = f"'{name}' holds {count} rows with {what} where at least 2 are needed"
            fix = remedy(source, splits, name)
            if count + gone > 1:
                found += f" ({gone} more are left out because training has their pictures)"
                fix = "give the rows of one picture one `group`, or add rows with pictures of their own"
            yield Finding(level, "splits", found, fix)
            continue
        groups = facts_of(source).groups
        alone = len({int(groups[row]) for row in kept[name] if kind_of(rows[row].modalities) == complete})
        if alone < _FEW:
            items = f", of which {alone} share neither group nor caption" if alone < count else ""
            yield Finding(
                "warning",
                "splits",
                f"'{name}' holds {count} rows with {what}{items}, so that intervals will be as wide as "
                f"+-{98 / alone**0.5:.0f} points",
                f"give it {_FEW} and more{' of those' if items else ''}",
            )


def _labels(source: Source) -> Iterator[Finding]:
    labels = Counter(row.label for row in source.rows if row.label)
    if not labels:
        return
    (largest, count), *_ = labels.most_common(1)
    if len(labels) == 1:
        level = "warning" if "text" in source.modalities else "error"  # without captions there is nothing else
        line = f"{count} rows have the one label {largest!r}"
        yield Finding(level, "labels", line, "classes are told apart: give at least 2 labels")
    else:
        yield Finding("ok", "labels", f"{len(labels)} labels, the largest ({largest}) with {count} rows")


def _captions(source: Source) -> Iterator[Finding]:
    if "text" not in source.modalities:
        return
    rows = [row for row in source.rows if row.modalities]
    blank = sum("text" not in row.modalities for row in rows)
    texts = Counter(" ".join(row.text.lower().split()) for row in rows if row.text)
    if blank:
        yield Finding(
            "warning" if blank > len(rows) / 2 else "note",
            "captions",
            f"{blank} of {len(rows)} rows have none; they train the image tower alone",
        )
    if texts:
        (text, count), *_ = texts.most_common(1)
        total = sum(texts.values())
        if count > 1 and count / total > _COMMON:
            yield Finding(
                "warning",
                "captions",
                f"{count} of {total} rows have the same one: {text[:60]!r}",
                "a caption that says nothing of its picture teaches nothing; leave the cell blank",
            )
        elif not blank:
            yield Finding("ok", "captions", f"{total} rows have one, {len(texts)} of them different")

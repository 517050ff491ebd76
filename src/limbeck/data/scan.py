"""Reading every row once before anything is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from limbeck.core.errors import DataError
from limbeck.core.recipe import DataSpec
from limbeck.core.source import Source
from limbeck.data.images import stored_size
from limbeck.data.open import open_source
from limbeck.data.subset import SubsetSource

Watch = Callable[[int], Callable[[], None]]
"""Given how many items a job has: what is called after each of them."""


def unwatched(total: int) -> Callable[[], None]:
    """Nobody wants to know how far a job is."""
    return lambda: None


@dataclass(frozen=True)
class BadRow:
    """A row that cannot be used.

    Args:
        index: in the source.
        id: the user's name for it.
        reason: one sentence.
    """

    index: int
    id: str
    reason: str


@dataclass(frozen=True)
class ScanReport:
    """What reading every row found.

    Args:
        rows: looked at.
        bad: rows that cannot be used, in order.
        sizes: (width, height) as stored -> pictures.
        ignored: columns that mean nothing here.
    """

    rows: int
    bad: tuple[BadRow, ...]
    sizes: dict[tuple[int, int], int]
    ignored: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Bad rows as a share of all, 0 to 1."""
        return len(self.bad) / self.rows if self.rows else 0.0

    def lines(self, *, most: int = 20) -> list[str]:
        """One line a bad row, and one for the rest."""
        shown = [f"{row.id}: {row.reason}" for row in self.bad[:most]]
        return shown + ([f"... and {len(self.bad) - most} more"] if len(self.bad) > most else [])


def scan(
    source: Source, *, indices: Iterable[int] | None = None, workers: int = 4, watch: Watch = unwatched
) -> ScanReport:
    """Read and decode rows, in threads, and say which ones cannot be used and why.

    Use when a run starts or the doctor looks. Training would meet the bad rows hours later.

    Args:
        source: the rows.
        indices: which; None reads all.
        workers: threads.
        watch: told how many rows there are; what it returns is called after each.
    """
    chosen = list(range(len(source))) if indices is None else [int(index) for index in indices]
    tick = watch(len(chosen))
    with ThreadPoolExecutor(max_workers=workers) as pool:
        found = []
        for looked in pool.map(lambda index: _look(source, index), chosen, chunksize=32):
            found.append(looked)
            tick()
    bad = tuple(
        BadRow(index, source.rows[index].id, reason) for index, (reason, _) in zip(chosen, found, strict=True) if reason
    )
    sizes = Counter(size for _, size in found if size is not None)
    return ScanReport(len(chosen), bad, dict(sizes.most_common()), tuple(getattr(source, "ignored", ())))


def drop_bad(source: Source, report: ScanReport, *, max_bad: float = 0.01) -> Source:
    """The source without its bad rows.

    Raises:
        DataError: more than `max_bad` of the rows are bad; the first ones are named.
    """
    if not report.bad:
        return source
    if report.share > max_bad:
        first = "; ".join(report.lines(most=3))
        raise DataError(
            f"{len(report.bad)} of {report.rows} rows are bad, {report.share:.2%} where {max_bad:.2%} are allowed: "
            f"{first}; mend them or raise --max-bad"
        )
    bad = {row.index for row in report.bad}
    return SubsetSource(source, keep=[index for index in range(len(source)) if index not in bad])


def load_data(spec: DataSpec, *, workers: int = 4, watch: Watch = unwatched) -> tuple[Source, ScanReport]:
    """Open, read everything once, drop what cannot be used.

    Raises:
        DataError: the data cannot be opened, or too much of it is bad.
    """
    source = open_source(spec.path, max_bad=spec.max_bad)
    report = scan(source, workers=workers, watch=watch)
    return drop_bad(source, report, max_bad=spec.max_bad), report


def _look(source: Source, index: int) -> tuple[str, tuple[int, int] | None]:
    """(what is wrong or "", size of the picture)."""
    try:
        sample = source.sample(index)
    except DataError as error:
        return _without_row(str(error)), None
    image = sample.values.get("image")
    if image is None:
        return "", None
    try:
        return "", stored_size(image)
    except DataError as error:
        return str(error), None


def _without_row(message: str) -> str:
    """The reason alone: the id stands before it in a list."""
    head, colon, tail = message.partition(": ")
    return tail if colon and head.startswith("row ") else message

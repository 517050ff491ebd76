"""From what the user typed to a `Source`."""

from __future__ import annotations

import os
from pathlib import Path

from limbeck.core.errors import DataError, nearest
from limbeck.core.source import Source
from limbeck.data.named import built_in, named_source
from limbeck.data.table import is_url

_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".tar")


def open_source(path: str | Path, *, max_bad: float = 0.01) -> Source:
    """The source at `path`: a table, an image folder, tar shards, or the name of a built-in data set.

    Use when data is named by a path or a name. Media are not read here: `limbeck.data.scan.scan` does that.

    Args:
        path: `.csv`, `.tsv`, `.jsonl`, `.parquet` or `.tar` file; a folder with `metadata.*` or with tar shards; or
            a built-in data set with its options (`icons`, `emoji:train=twitter+google,test=apple`).
        max_bad: share of rows that cannot be parsed above which the source is refused, 0 to 1.

    Raises:
        DataError: nothing there, a format that is not known, or too many rows that cannot be parsed.
        UsageError: an option that a built-in data set does not have.
    """
    source = _open(str(path))
    rows = source.rows
    bad = [row.id for row in rows if not row.modalities]
    if bad and len(bad) > max_bad * len(rows):
        why = _why(source, next(index for index, row in enumerate(rows) if not row.modalities))
        raise DataError(
            f"{len(bad)} of {len(rows)} rows of {path} cannot be used (more than {max_bad:.2%}): "
            f"{', '.join(bad[:5])}{', ...' if len(bad) > 5 else ''}; {why}; mend them or raise --max-bad"
        )
    return source


def _why(source: Source, index: int) -> str:
    """What reading says of a row that cannot be used."""
    try:
        source.sample(index)
    except DataError as error:
        return str(error)
    return f"row {source.rows[index].id} is blank"


def _open(path: str) -> Source:
    place = Path(path).expanduser()
    try:
        is_folder, is_file = place.is_dir(), place.is_file()
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path!r}: {error}") from error
    if not is_folder and not is_file:
        if path.partition(":")[0] in built_in():
            return named_source(path)
        raise DataError(_missing(place, path))
    if is_folder:
        return _open_folder(place)
    return _open_file(place)


def _open_file(place: Path) -> Source:
    suffix = place.suffix.lower()
    if suffix in (".csv", ".tsv"):
        from limbeck.data.sources.csv import CsvSource

        return CsvSource(str(place))
    if suffix in (".jsonl", ".ndjson"):
        from limbeck.data.sources.jsonl import JsonlSource

        return JsonlSource(str(place))
    if suffix == ".parquet":
        from limbeck.data.sources.parquet import ParquetSource

        return ParquetSource(str(place))
    if suffix == ".tar":
        from limbeck.data.sources.tar import TarSource

        return TarSource(str(place))
    hint = "; unpack it first" if suffix in (".gz", ".tgz", ".zip", ".bz2", ".xz", ".zst") else ""
    raise DataError(f"{place} has the unknown ending {suffix!r}; valid: {', '.join(_SUFFIXES)}, or a folder{hint}")


def _open_folder(place: Path) -> Source:
    if any(place.glob("metadata.*")):
        from limbeck.data.sources.folder import FolderSource

        return FolderSource(str(place))
    if any(place.glob("*.tar")):
        from limbeck.data.sources.tar import TarSource

        return TarSource(str(place))
    tables = sorted(item.name for item in place.iterdir() if item.suffix.lower() in _SUFFIXES)
    inside = sorted(item.parent.name for item in (*place.glob("*/metadata.*"), *place.glob("*/*.tar")))
    hint = f"; did you mean {place / tables[0]}?" if tables else ""
    if inside and not hint:
        names = ", ".join(dict.fromkeys(inside))
        hint = f", but its folders do ({names}): name one of them, or put all rows into one, with a `split` column"
    raise DataError(f"{place} holds neither metadata.csv, metadata.jsonl, metadata.parquet nor *.tar{hint}")


def _missing(place: Path, path: str) -> str:
    if place.is_symlink():
        return f"{path} is a link to {os.readlink(place)}, which is not there; mend the link, or name the file itself"
    if is_url(path):
        return f"{path} is a URL, and URLs are not fetched; download it first and name the file"
    try:
        beside = [item.name for item in place.parent.iterdir()]
    except (OSError, ValueError):
        beside = []
    guess = nearest(place.name, beside)
    hint = f"; did you mean {place.parent / guess}?" if guess else ""
    name, colon, options = path.partition(":")
    known = nearest(name, built_in())
    if known and nearest(name, [known, *([guess] if guess else [])]) == known:
        hint = f"; did you mean the built-in '{known}{colon}{options}'?"
    return f"{path} does not exist; valid: a file or folder, or one of {', '.join(sorted(built_in()))}{hint}"

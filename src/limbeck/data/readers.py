"""CSV, JSONL and Parquet files -> `Table`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path

from limbeck.core.errors import DataError
from limbeck.data.record import Table, records_of

_LONG = 1 << 30


def read_csv(path: Path, *, rename: Mapping[str, str] | None = None) -> Table:
    """A table of comma-, semicolon- or tab-separated values in UTF-8 with a header.

    Bytes that are not UTF-8 spoil their own row only; so does a row with too many or too few cells.
    """
    text = _bytes(path).decode("utf-8-sig", errors="surrogateescape")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count) if path.suffix.lower() != ".tsv" else "\t"
    before = csv.field_size_limit(_LONG)
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=False))
    except csv.Error as error:
        raise DataError(f"{path} is not a CSV file: {error}") from error
    finally:
        csv.field_size_limit(before)
    lines = [line for line in lines if line]
    if len(lines) < 2:
        raise DataError(f"{path} has no rows; a CSV file needs a header (image,text) and at least one row")
    header = [name.strip() for name in lines[0]]
    rows, problems = [], {}
    for number, line in enumerate(lines[1:]):
        if len(line) != len(header):
            problems[number] = f"{len(line)} cells where the header has {len(header)}"
        rows.append(dict(zip(header, line, strict=False)))
    return records_of(rows, header, where=str(path), problems=problems, rename=rename)


def read_jsonl(path: Path, *, rename: Mapping[str, str] | None = None) -> Table:
    """A table of one JSON object a line; a line that is not one spoils itself only."""
    rows: list[Mapping[str, object]] = []
    problems: dict[int, str] = {}
    columns: dict[str, None] = {}
    for line in _bytes(path).decode("utf-8-sig", errors="surrogateescape").split("\n"):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            value, problems[len(rows)] = {}, f"not JSON: {error}"
        if not isinstance(value, dict):
            value, problems[len(rows)] = {}, f"a JSON {type(value).__name__}, not an object"
        columns |= dict.fromkeys(value)
        rows.append(value)
    if not rows:
        raise DataError(f"{path} has no rows; a JSONL file holds one object a line")
    if not columns:
        raise DataError(f"{path} is not a JSONL file: {problems[0]}")
    return records_of(rows, list(columns), where=str(path), problems=problems, rename=rename)


def read_parquet(path: Path, *, rename: Mapping[str, str] | None = None) -> Table:
    """A table of a Parquet file; only the columns that Limbeck knows are loaded."""
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise DataError(f"reading {path} needs pyarrow; run: pip install pyarrow") from None
    from limbeck.data.record import FIELDS, MODALITIES

    known = {*MODALITIES, *FIELDS, *(rename or {})}
    try:
        file = parquet.ParquetFile(path, memory_map=False)
        columns = list(file.schema_arrow.names)
        rows = file.read(columns=[name for name in columns if name in known]).to_pylist()
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a readable Parquet file: {str(error).splitlines()[0][:200]}") from error
    if not rows:
        raise DataError(f"{path} has no rows")
    return records_of(rows, columns, where=str(path), rename=rename)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error

"""CSV, JSONL and Parquet files -> `Table`."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

from limbeck.core.errors import DataError
from limbeck.data.record import Cell, Table, escaped, records_of

_LONG = 1 << 30
_BATCH = 256  # rows of a Parquet file that are decoded at once
_CELL = r'(?:"([^"]*(?:""[^"]*)*)"([^#\r\n]*)|[^#\r\n]*)(?:#|\r\n|\r|\n|$)'  # what is quoted, what stands behind it


def read_csv(path: Path, *, rename: Mapping[str, str] | None = None) -> Table:
    """A table of comma-, semicolon- or tab-separated values in UTF-8 with a header.

    Bytes that are not UTF-8 spoil their own row only; so does a row with too many or too few cells. A row whose quote
    was left open and that took further lines in is bad, and so is each of those lines.

    Raises:
        DataError: no rows, another encoding, or a quote that is still open at the end of the file.
    """
    before = csv.field_size_limit(_LONG)
    try:
        with _opened(path, newline="") as stream:
            return _csv_table(stream, path, rename or {})
    except csv.Error as error:
        raise DataError(f"{path} is not a CSV file: {error}") from error
    finally:
        csv.field_size_limit(before)


def _csv_table(stream: TextIO, path: Path, rename: Mapping[str, str]) -> Table:
    first = stream.readline()
    delimiter = max(",;\t", key=first.count) if path.suffix.lower() != ".tsv" else "\t"
    lines: list[str] = []  # of the record that is being read
    header: list[str] = []
    rows: list[Mapping[str, object]] = []
    problems: dict[int, str] = {}
    reader = csv.reader(_kept(chain(filter(None, [first]), stream), lines), delimiter=delimiter)
    for cells in reader:
        last, count = reader.line_num, len(lines)
        if not lines[-1]:
            inside = _lines(cells[-1])
            start = last - len(inside) + (2 if len(inside) > 1 and not inside[-1] else 1)
            raise DataError(f"a quote opens in line {start} of {path} and is never closed; close or remove it")
        taken = count > 1 and _took_rows(lines, cells, [rename.get(name, name) for name in header], delimiter)
        lines.clear()
        if not cells:
            continue
        if not header:
            header = _header(cells, path)
            if taken:
                raise DataError(f"a quote opens in the header of {path} and is closed in line {last}; remove it")
            continue
        if len(cells) != len(header):
            problems[len(rows)] = f"{len(cells)} cells where the header has {len(header)}"
        if taken:
            problems[len(rows)] = f"its quote stays open from line {last - count + 1} to {last}; close or remove it"
            cells = [_lines(cell)[0] for cell in cells]
        rows.append(dict(zip(header, cells, strict=False)))
        if taken:
            for line in range(last - count + 2, last + 1):
                problems[len(rows)] = "inside the open quote of a row before"
                rows.append({"id": f"line {line}"} if "id" in header else {})
    if not rows:
        raise DataError(f"{path} has no rows; a CSV file needs a header (image,text) and at least one row")
    return records_of(rows, header, where=str(path), problems=problems, rename=rename)


def _kept(stream: Iterable[str], lines: list[str]) -> Iterator[str]:
    """The lines of a file, each put into `lines` too; there "" follows the last one."""
    for line in stream:
        lines.append(line)
        yield line
    lines.append("")


def _header(cells: Sequence[str], path: Path) -> list[str]:
    names = [" ".join(name.split()) for name in cells]
    for name in names:
        if name != escaped(name) or "\0" in name:
            raise DataError(f"{path} is not UTF-8 (column {name!r}); save it as UTF-8")
    return names


def _took_rows(lines: Sequence[str], cells: Sequence[str], columns: Sequence[str], delimiter: str) -> bool:
    """Whether a record of several lines has taken in lines that are rows of their own.

    Text behind the closing quote of a cell of several lines is a sign: that quote was meant to open another cell. So
    is a line inside a cell that has all cells of a row, and an `image` that ends like the record's own or, where the
    file has none, an `id` that differs in digits only. Line breaks, commas and doubled quotes of a caption are none.
    """
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:  # text behind some closing quote: of a cell of several lines?
        quoted = re.finditer(_CELL.replace("#", delimiter), "".join(lines))
        if any(len(_lines(cell[1] or "")) > 1 and cell[2].strip() for cell in quoted):
            return True
    for place, cell in enumerate(cells):
        inside = _lines(cell) if "\n" in cell or "\r" in cell else ()
        for number, line in enumerate(inside):
            start, stop = (0 if number else place), (len(columns) if number < len(inside) - 1 else place + 1)
            if line.count(delimiter) == stop - start - 1 > 0:
                names = columns[start:stop]
                own = {name: text for name, text in zip(columns, cells, strict=False) if name != columns[place]}
                found = dict(zip(names, line.split(delimiter), strict=True))
                if len(cells) != len(columns) or _alike(found, own):
                    return True
    return False


def _alike(found: Mapping[str, str], own: Mapping[str, str]) -> bool:
    """Whether cells found in a line look like those of the record that the line stands in."""
    if "image" in own and "image" in found:
        ending = Path(own["image"]).suffix
        return bool(ending) and Path(found["image"]).suffix == ending
    spaced = any(cell[:1] == " " for cell in list(found.values())[1:])  # a comma of a sentence
    return "id" in own and "id" in found and not spaced and _shape(own["id"]) == _shape(found["id"]) != ""


def _shape(name: str) -> str:
    return re.sub(r"\d+", "0", name)


def _lines(text: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", text)


def read_jsonl(path: Path, *, rename: Mapping[str, str] | None = None) -> Table:
    """A table of one JSON object a line; a line that is not one spoils itself only."""
    rows: list[Mapping[str, object]] = []
    problems: dict[int, str] = {}
    columns: dict[str, None] = {}
    with _opened(path, newline="\n") as stream:
        for line in stream:
            if not line.strip():
                continue
            try:
                value = json.loads(line.rstrip("\n"))
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
    """A table of a Parquet file; only the columns that Limbeck knows are loaded.

    Pictures that it holds stay in Arrow's columns. A label that the file says to be the number of a class (`ClassLabel`
    of `datasets`) becomes the name of the class.
    """
    try:
        import pyarrow as arrow
        import pyarrow.parquet as parquet
    except ImportError:
        raise DataError(f"reading {path} needs pyarrow; run: pip install pyarrow") from None
    from limbeck.data.record import FIELDS, MODALITIES

    rename = rename or {}
    known = {*MODALITIES, *FIELDS, *rename}
    rows: list[Mapping[str, object]] = []
    try:
        # read ahead, a file is held twice: as it is stored and as it was decoded
        file = parquet.ParquetFile(path, memory_map=False, pre_buffer=False)
        columns = list(file.schema_arrow.names)
        classes = _classes(file.schema_arrow.metadata or {})
        wanted = [name for name in columns if name in known]
        for batch in file.iter_batches(batch_size=_BATCH, columns=wanted, use_threads=False):
            names = batch.schema.names
            cells = [
                _pictures(column)
                if rename.get(name, name) == "image"
                else _named(column.to_pylist(), classes.get(name))
                for name, column in zip(names, batch.columns, strict=True)
            ]
            rows += [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a readable Parquet file: {str(error).splitlines()[0][:200]}") from error
    if not rows:
        raise DataError(f"{path} has no rows")
    arrow.default_memory_pool().release_unused()
    return records_of(rows, columns, where=str(path), rename=rename)


def _pictures(column: Any) -> list[object]:
    """Cells of a column of pictures; bytes, also those of the image type of `datasets`, stay where they are."""
    from pyarrow import compute, types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    paths: Sequence[object] = [None] * len(column)
    if types.is_struct(column.type) and "bytes" in (names := [field.name for field in column.type]):
        inside = dict(zip(names, column.flatten(), strict=True))  # blank where the whole cell is
        column = inside["bytes"]
        paths = inside["path"].to_pylist() if "path" in inside else paths
    if not (types.is_binary(column.type) or types.is_large_binary(column.type)):
        return list(column.to_pylist())
    sizes = compute.binary_length(column).to_pylist()
    return [Cell(column, row, sizes[row]) if sizes[row] else path for row, path in enumerate(paths)]


def _classes(metadata: Mapping[bytes, bytes]) -> dict[str, Sequence[str]]:
    """Column -> names of its classes, as `datasets` notes them in a file."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"].items()
    except (ValueError, KeyError, TypeError, AttributeError):  # not noted, or by something else
        return {}
    classes = {name: one for name, one in features if isinstance(one, dict) and one.get("_type") == "ClassLabel"}
    return {name: one["names"] for name, one in classes.items() if isinstance(one.get("names"), list)}


def _named(cells: list[object], names: Sequence[str] | None) -> list[object]:
    """The names of the classes that the cells number, None for -1, which numbers none; others stay as they are."""
    if names is None:
        return cells
    name_of: dict[object, object] = {-1: None, **dict(enumerate(names))}
    return [name_of.get(cell, cell) if isinstance(cell, int) else cell for cell in cells]


@contextmanager
def _opened(path: Path, *, newline: str) -> Iterator[TextIO]:
    """A text file in UTF-8, to be read line by line; other bytes become lone surrogates."""
    try:
        with open(path, "rb") as raw:
            if raw.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise DataError(f"{path} is not UTF-8 but UTF-16, by its byte-order mark; save it as UTF-8")
            yield io.TextIOWrapper(raw, encoding="utf-8-sig", errors="surrogateescape", newline=newline)
    except OSError as error:
        raise DataError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error

"""`Record`: one row of a table as it was found, and `records_of`, which reads the columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from limbeck.core.errors import DataError, nearest

MODALITIES = ("image", "text")
FIELDS = ("id", "split", "label", "group")
SPLITS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation",
          "val": "validation", "dev": "validation", "test": "test", "testing": "test", "": ""}  # fmt: skip
_MEANT = {"caption": "text", "captions": "text", "description": "text", "sentence": "text", "title": "text",
          "file_name": "image", "filename": "image", "filepath": "image", "path": "image", "img": "image",
          "photo": "image", "picture": "image", "class": "label", "category": "label", "key": "id"}  # fmt: skip
_NOT_UTF8 = "column '%s' is not valid UTF-8 (save the file as UTF-8)"


@dataclass(frozen=True)
class Piece:
    """A run of bytes inside a larger file.

    Args:
        path: of the file.
        offset: of the first byte.
        size: in bytes.
    """

    path: str
    offset: int
    size: int


@dataclass(frozen=True, eq=False)
class Cell:
    """Bytes in a column of Arrow's, which takes their own size in memory and stays outside of Python's.

    Args:
        column: a `pyarrow.Array` of bytes.
        row: in it.
        size: in bytes.
    """

    column: Any
    row: int
    size: int

    def __len__(self) -> int:
        return self.size

    def read(self) -> bytes:
        """A copy."""
        return bytes(self.column[self.row].as_py())


@dataclass(frozen=True)
class Record:
    """One row before its media are read.

    Args:
        id: unique name.
        values: modality -> path (`str`), text (`str`), encoded bytes, or where in a file or a column they stand.
        split: `train`, `validation`, `test` or "".
        label: class name or "".
        group: right answers for one another, or "".
        problem: why the row cannot be used; "" where it can.
        domain: where the row comes from, or "".
    """

    id: str
    values: Mapping[str, str | bytes | Piece | Cell]
    split: str = ""
    label: str = ""
    group: str = ""
    problem: str = ""
    domain: str = ""


@dataclass(frozen=True)
class Table:
    """Records and what was left out on the way.

    Args:
        records: in the order of the file.
        modalities: columns that are modalities.
        ignored: columns that Limbeck does not know.
        numbered: no row has an id of its own, so that rows go by their number.
    """

    records: tuple[Record, ...]
    modalities: tuple[str, ...]
    ignored: tuple[str, ...] = field(default=())
    numbered: bool = False


def records_of(
    rows: Sequence[Mapping[str, object]],
    columns: Sequence[str],
    *,
    where: str,
    problems: Mapping[int, str] | None = None,
    rename: Mapping[str, str] | None = None,
) -> Table:
    """Records of raw rows: columns checked, cells cleaned, ids unique.

    Use when a reader has the rows of a CSV, JSONL or Parquet file in memory.

    Args:
        rows: column -> cell.
        columns: of the file.
        where: the file, for messages.
        problems: row number -> why the reader could not read it.
        rename: column of the file -> column of Limbeck (`file_name` of image folders).

    Raises:
        DataError: no modality column, a column that looks misspelt, duplicate ids, or an unknown split.
    """
    rename = rename or {}
    named = [escaped(rename.get(column, column)) for column in columns]
    modalities, ignored = _check_columns(named, where)
    records = []
    numbered = True
    for number, raw in enumerate(rows):
        cells = {rename.get(column, column): cell for column, cell in raw.items()}
        numbered = numbered and not _plain(cells.get("id"))
        records.append(_record(cells, modalities, number, (problems or {}).get(number, ""), where))
    return Table(tuple(_grouped(_unique(records, where))), modalities, ignored, numbered)


def _check_columns(columns: Sequence[str], where: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    twice = [name for name, count in Counter(columns).items() if count > 1]
    if twice:
        raise DataError(f"{where} has the column {twice[0]!r} more than once; rename one of them")
    valid = MODALITIES + FIELDS
    free = [name for name in valid if name not in columns]
    ignored = tuple(name for name in columns if name not in valid)
    for name in ignored:
        close = nearest(name.strip().lower(), valid)
        meant = _MEANT.get(name.strip().lower()) or (close if close in free else None)
        if meant in free and (meant in MODALITIES or name.strip().lower() not in _MEANT):
            raise DataError(
                f"unknown column '{name}' in {where}; valid: {', '.join(valid)}; did you mean '{meant}'? Rename it"
            )
    modalities = tuple(name for name in MODALITIES if name in columns)
    if not modalities:
        found = ", ".join(columns) or "none"
        raise DataError(f"{where} has no column of a modality; found: {found}; valid: {', '.join(MODALITIES)}")
    return modalities, ignored


def _record(cells: Mapping[str, object], modalities: Sequence[str], number: int, problem: str, where: str) -> Record:
    values: dict[str, str | bytes | Piece | Cell] = {}
    for modality in modalities:
        try:
            value = _cell(cells.get(modality), modality)
        except ValueError as error:
            problem = problem or str(error)
            continue
        if value is not None:
            values[modality] = value
    plain = {name: _plain(cells.get(name)) for name in FIELDS}
    for name, text in plain.items():
        if _broken(text):
            problem = problem or _NOT_UTF8 % name
            plain[name] = escaped(text)
    split = plain["split"].lower()
    if split not in SPLITS and problem:
        split = ""  # the cells of a row that could not be read may stand in the wrong columns
    if split not in SPLITS:
        guess = nearest(split, filter(None, SPLITS))
        raise DataError(
            f"row {plain['id'] or number} of {where} has the split {plain['split']!r}; "
            f"valid: train, validation, test or blank{f'; did you mean {guess!r}?' if guess else ''}"
        )
    if not values and not problem:
        problem = "every modality is blank"
    return Record(plain["id"] or str(number), values, SPLITS[split], plain["label"], plain["group"], escaped(problem))


def _cell(value: object, modality: str) -> str | bytes | Piece | Cell | None:
    """A usable value, None for a blank cell; ValueError says what is wrong."""
    if isinstance(value, (Piece, Cell)):
        return value
    if isinstance(value, Mapping):  # the image type of Parquet files written by `datasets`: bytes, else path
        value = value.get("bytes") or value.get("path")
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        if modality == "image":
            return bytes(value) or None
        try:
            value = bytes(value).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise ValueError(_NOT_UTF8 % modality) from None
    if isinstance(value, list):
        several = "captions" if modality == "text" else "pictures"
        raise ValueError(f"column '{modality}' holds a list, not text; several {several} take a row each")
    if not isinstance(value, str):
        raise ValueError(f"column '{modality}' holds a {type(value).__name__}, not text")
    if not value.strip().strip("\ufeff"):
        return None
    if modality == "text" and _broken(value):
        raise ValueError(_NOT_UTF8 % modality)
    return value


def _plain(value: object) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float) and value.is_integer():  # pandas makes floats of integers beside a blank cell
        value = int(value)
    return str(value).strip()
    return str(value).strip()


def _broken(text: str) -> bool:
    """Whether the text holds a lone surrogate: bytes that were not UTF-8, or a broken JSON escape."""
    return not text.isascii() and text != escaped(text)


def escaped(text: str) -> str:
    """The text with a backslash and a number for what no UTF-8 holds, so that it can be printed and written."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _unique(records: Sequence[Record], where: str) -> Sequence[Record]:
    counts = Counter(record.id for record in records)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        shown = ", ".join(twice[:5]) + (f", ... ({len(twice)} in all)" if len(twice) > 5 else "")
        raise DataError(f"duplicate ids in {where}: {shown}; give each row its own id")
    return records


def _grouped(records: Sequence[Record]) -> Sequence[Record]:
    """Rows that name one picture, or hold it, answer for one another, unless the file says otherwise."""
    values = [record.values.get("image") for record in records]
    sizes = Counter(len(value) for value in values if isinstance(value, (bytes, Cell)))
    pictures = [_picture(value, sizes) for value in values]
    count = Counter(pictures)
    return [
        replace(record, group=f"image:{picture}") if picture and count[picture] > 1 and not record.group else record
        for record, picture in zip(records, pictures, strict=True)
    ]


def _picture(value: object, sizes: Mapping[int, int]) -> str:
    """What two cells with one picture have in common; "" where that would take reading files, or sizes say no."""
    if not isinstance(value, (bytes, Cell)):
        return value if isinstance(value, str) else ""
    if sizes[len(value)] == 1:
        return ""
    return sha256(value.read() if isinstance(value, Cell) else value).hexdigest()

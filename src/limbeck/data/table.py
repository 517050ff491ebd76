"""`TableSource`: a source over records in memory whose pictures are files or bytes."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from limbeck.core.artefact import sha256_bytes
from limbeck.core.errors import DataError
from limbeck.core.sample import Sample
from limbeck.core.source import Row, Source
from limbeck.data.record import Cell, Piece, Record, Table, escaped

MAX_FILE = 512 * 1024 * 1024
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


class TableSource(Source):
    """Rows of a table; `image` cells are paths relative to `folder`, or encoded bytes.

    Args:
        path: what the user named.
        table: the records.
        folder: where relative paths start.
    """

    def __init__(self, path: str, *, table: Table, folder: Path) -> None:
        self.path = path
        self.table = table
        self.folder = folder

    @cached_property
    def rows(self) -> Sequence[Row]:
        """Every row, in the order of the file."""
        return tuple(_row(record) for record in self.table.records)

    @property
    def modalities(self) -> tuple[str, ...]:
        """Columns that are modalities."""
        return self.table.modalities

    @property
    def ignored(self) -> tuple[str, ...]:
        """Columns of the file that mean nothing here."""
        return self.table.ignored

    @property
    def numbered(self) -> bool:
        """Whether rows go by their number, because the file names none of them."""
        return self.table.numbered

    def sample(self, index: int) -> Sample:
        """Row `index` with its raw values; a row that cannot be used raises `DataError` naming its id."""
        record = self.table.records[index]
        if record.problem:
            raise DataError(f"row {record.id} of {self.path}: {record.problem}")
        values = {modality: self._value(record, modality) for modality in record.values}
        return Sample(index, record.id, values, record.split, record.label, record.group)

    def content(self, index: int, modality: str) -> str:
        """SHA-256 of the encoded bytes of a picture or of the UTF-8 of a text."""
        record = self.table.records[index]
        if modality not in record.values:
            raise DataError(f"row {record.id} of {self.path} has no {modality}")
        value = self._value(record, modality)
        return sha256_bytes(value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value)

    def fingerprint(self) -> str:
        """Hash of ids, splits, labels, groups and contents; unreadable rows count by their reason."""
        digest = sha256()
        for index, record in enumerate(self.table.records):
            contents = {}
            for modality in record.values:
                try:
                    contents[modality] = self.content(index, modality)
                except DataError:
                    contents[modality] = "unreadable"
            line = [record.id, record.split, record.label, record.group, record.problem, contents]
            line += [record.domain] if record.domain else []  # files without domains keep their fingerprints
            digest.update(json.dumps(line, sort_keys=True).encode() + b"\n")
        return digest.hexdigest()

    def _value(self, record: Record, modality: str) -> str | bytes:
        value = record.values[modality]
        if isinstance(value, Piece):
            return _read_piece(value, where=f"row {record.id}")
        if isinstance(value, Cell):
            return value.read()
        if modality == "text" or isinstance(value, bytes):
            return value
        if is_url(value):
            raise DataError(
                f"row {record.id} of {self.path}: {escaped(value)} is a URL, and URLs are not fetched; download the "
                "pictures first and name the files"
            )
        # not by `Path`, which takes as long as opening the file
        path = os.path.join(self.folder, os.path.expanduser(value))
        return read_media(path, where=f"row {record.id} of {self.path}")


def _row(record: Record) -> Row:
    text = record.values.get("text", "") if not record.problem else ""
    return Row(
        id=record.id,
        modalities=frozenset(record.values) if not record.problem else frozenset(),
        split=record.split,
        label=record.label if not record.problem else "",  # labels are counted, and name classes
        group=record.group,
        text=text if isinstance(text, str) else "",
        domain=record.domain,
    )


def is_url(text: str) -> bool:
    """Whether a path is the address of something elsewhere.

    >>> is_url("https://x.org/a.png"), is_url("C:/a.png")
    (True, False)
    """
    return "://" in text and _URL.match(text.strip()) is not None


def read_media(path: str | Path, *, where: str) -> bytes:
    """The bytes of one media file; everything that can be wrong with a path is a `DataError` naming the row."""
    try:
        with open(path, "rb", buffering=0, opener=_no_wait) as stream:  # all of it is read at once
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DataError(f"{where}: {escaped(str(path))} is not a file")
            if status.st_size > MAX_FILE:
                size = f"{status.st_size / 1e6:.0f} MB; at most {MAX_FILE / 1e6:.0f} MB"
                raise DataError(f"{where}: {escaped(str(path))} has {size}")
            return stream.read()
    except FileNotFoundError:
        shown = escaped(str(path))
        raise DataError(f"{where}: {shown} does not exist; paths are relative to the table's folder") from None
    except OSError as error:
        reason = "is a loop of links" if error.errno == errno.ELOOP else (error.strerror or str(error)).lower()
        raise DataError(f"{where}: cannot read {escaped(str(path))}: {reason}") from error
    except ValueError as error:  # a NUL or a lone surrogate in the path
        raise DataError(f"{where}: {str(path)!r} is not a path: {error}") from error


def _read_piece(piece: Piece, *, where: str) -> bytes:
    try:
        with open(piece.path, "rb") as stream:
            stream.seek(piece.offset)
            data = stream.read(piece.size)
    except OSError as error:
        raise DataError(f"{where}: cannot read {piece.path}: {(error.strerror or str(error)).lower()}") from error
    if len(data) != piece.size:
        raise DataError(f"{where}: {piece.path} has become shorter since it was opened; make it again")
    return data


def _no_wait(path: str, flags: int) -> int:
    """Opening a pipe must not wait for somebody to write into it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))

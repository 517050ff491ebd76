"""`CsvSource`: a table of comma-separated values."""

from __future__ import annotations

from pathlib import Path

from limbeck.data.readers import read_csv
from limbeck.data.table import TableSource


class CsvSource(TableSource):
    """Rows of comma-separated values: `image`, `text`, and if wanted `id, split, label, group`.

    Paths are relative to the file.

    Use when the data is a table on disk.

    Args:
        path: of the file.

    Raises:
        DataError: unreadable file, misspelt column, duplicate ids.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path, table=read_csv(Path(path)), folder=Path(path).parent)

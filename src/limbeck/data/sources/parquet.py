"""`ParquetSource`: a table of Parquet columns."""

from __future__ import annotations

from pathlib import Path

from limbeck.data.readers import read_parquet
from limbeck.data.table import TableSource


class ParquetSource(TableSource):
    """Rows of Parquet columns: `image` (paths relative to the file) and `text`; `id, split, label, group` are optional.

    Use when the data is a table on disk.

    Args:
        path: of the file.

    Raises:
        DataError: unreadable file, misspelt column, duplicate ids.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path, table=read_parquet(Path(path)), folder=Path(path).parent)

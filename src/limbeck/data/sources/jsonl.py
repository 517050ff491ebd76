"""`JsonlSource`: a table of one JSON object a line."""

from __future__ import annotations

from pathlib import Path

from limbeck.data.readers import read_jsonl
from limbeck.data.table import TableSource


class JsonlSource(TableSource):
    """Rows of one JSON object a line: `image`, `text`, and if wanted `id, split, label, group`.

    Paths are relative to the file.

    Use when the data is a table on disk.

    Args:
        path: of the file.

    Raises:
        DataError: unreadable file, misspelt column, duplicate ids.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path, table=read_jsonl(Path(path)), folder=Path(path).parent)

"""`FolderSource`: a folder of pictures with `metadata.csv`, `metadata.jsonl` or `metadata.parquet`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from limbeck.core.errors import DataError
from limbeck.data.readers import read_csv, read_jsonl, read_parquet
from limbeck.data.record import Table
from limbeck.data.table import TableSource

READERS: dict[str, Callable[..., Table]] = {
    "metadata.csv": read_csv,
    "metadata.jsonl": read_jsonl,
    "metadata.parquet": read_parquet,
}


class FolderSource(TableSource):
    """An image folder: `metadata.*` names the files in a column `image` or `file_name`, beside `text` and the rest.

    Use when the data follows the image-folder convention of `datasets`.

    Args:
        path: of the folder.

    Raises:
        DataError: no metadata file, more than one, or one that cannot be read.
    """

    def __init__(self, path: str) -> None:
        folder = Path(path)
        found = [name for name in READERS if (folder / name).is_file()]
        if len(found) != 1:
            what = " and ".join(found) if found else "no metadata file"
            raise DataError(f"{path} holds {what}; an image folder needs exactly one of {', '.join(READERS)}")
        table = READERS[found[0]](folder / found[0], rename={"file_name": "image"})
        super().__init__(path, table=table, folder=folder)

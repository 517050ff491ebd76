"""`csv_text`: rows as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence


def csv_text(rows: Sequence[Mapping[str, object]]) -> str:
    r"""Rows of the same columns as CSV with a header.

    >>> csv_text([{"arm": "a, b", "value": 0.5}])
    'arm,value\n"a, b",0.5\n'
    """
    stream = io.StringIO()
    if rows:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return stream.getvalue()

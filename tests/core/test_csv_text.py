from __future__ import annotations

import csv
import io

from limbeck.core.csv_text import csv_text


def test_csv_survives_commas_quotes_and_lines() -> None:
    rows = [{"arm": 'a, "b"\nc', "value": 1}]
    assert list(csv.DictReader(io.StringIO(csv_text(rows)))) == [{"arm": 'a, "b"\nc', "value": "1"}]
    assert csv_text([]) == ""

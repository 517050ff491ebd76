from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.made import encoded, picture
from limbeck.core.errors import DataError
from limbeck.data.sources.jsonl import JsonlSource


def test_rows_and_values(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(picture(1)))
    path = tmp_path / "data.jsonl"
    rows = [{"id": 7, "image": "a.png"}, {"text": "only text", "group": "g"}, {"image": None, "text": "x"}]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    source = JsonlSource(str(path))
    assert [row.id for row in source.rows] == ["7", "1", "2"]
    assert [sorted(row.modalities) for row in source.rows] == [["image"], ["text"], ["text"]]
    assert source.rows[1].group == "g"
    assert source.sample(0).values == {"image": encoded(picture(1))}


def test_a_broken_line_spoils_itself_only(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "a"}\n{"text": "b"\n[1]\n{"text": 3}\n{"text": "\\ud800"}\n{"text": "c"}\n')
    source = JsonlSource(str(path))
    assert [row.text for row in source.rows if row.modalities] == ["a", "c"]
    reasons = ["not JSON", "a JSON list", "holds a int", "not valid UTF-8"]
    for index, reason in enumerate(reasons, 1):
        with pytest.raises(DataError, match=reason):
            source.sample(index)


def test_not_a_jsonl_file(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text("<html>\n</html>\n")
    with pytest.raises(DataError, match="not a JSONL file"):
        JsonlSource(str(path))
    path.write_text("\n")
    with pytest.raises(DataError, match="has no rows"):
        JsonlSource(str(path))

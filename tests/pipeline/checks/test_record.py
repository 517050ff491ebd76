from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.core.errors import ArtefactError
from limbeck.pipeline.checks.finding import Finding
from limbeck.pipeline.checks.record import CHECKS, read_checks, warnings_of, waved, write_checks

FOUND = [
    Finding("ok", "rows", "all rows read"),
    Finding("warning", "splits", "few validation rows", "give more"),
    Finding("warning", "splits", "few test rows"),
    Finding("error", "teacher at chance", "it knows nothing", "take another"),
]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert read_checks(tmp_path) == []
    write_checks(tmp_path, FOUND)
    assert read_checks(tmp_path) == FOUND


def test_every_warning_and_every_error_is_told() -> None:
    assert warnings_of(FOUND) == {"splits": ["few validation rows; give more", "few test rows"]}
    assert waved(FOUND) == [
        "trained although the checks found an error: teacher at chance: it knows nothing; take another"
    ]


def test_another_file_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / CHECKS).write_text('[{"level": "ok", "colour": "red"}]')
    with pytest.raises(ArtefactError, match="holds no findings"):
        read_checks(tmp_path)

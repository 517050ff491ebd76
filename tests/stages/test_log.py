from __future__ import annotations

import json
from pathlib import Path

import pytest

from limbeck.core.errors import ArtefactError
from limbeck.stages.log import MetricsLog


def steps(folder: Path) -> list[tuple[str, int]]:
    return [(e["stage"], e["step"]) for e in map(json.loads, (folder / "metrics.jsonl").read_text().splitlines())]


def test_later_and_torn_lines_go_and_other_stages_stay(tmp_path: Path) -> None:
    align = MetricsLog(tmp_path, stage="align", keep=-1)
    align.write(9, {"loss": 1.0})
    align.close()
    first = MetricsLog(tmp_path, stage="main", keep=-1)
    for step in range(6):
        first.write(step, {"loss": 0.5})
    first.close()
    with open(tmp_path / "metrics.jsonl", "ab") as stream:
        stream.write(b'{"stage": "main", "st')
    again = MetricsLog(tmp_path, stage="main", keep=3)
    again.write(4, {"loss": 0.25})
    again.sync()
    again.close()
    assert steps(tmp_path) == [("align", 9), ("main", 0), ("main", 1), ("main", 2), ("main", 3), ("main", 4)]


def test_numbers_that_are_not_finite_become_null(tmp_path: Path) -> None:
    log = MetricsLog(tmp_path, stage="main", keep=-1)
    log.write(1, {"validation": {"recall": float("nan")}, "loss": 0.1})
    log.close()
    assert json.loads((tmp_path / "metrics.jsonl").read_text()) == {
        "stage": "main", "step": 1, "validation": {"recall": None}, "loss": 0.1,
    }  # fmt: skip


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtefactError, match="could not write"):
        MetricsLog(tmp_path / "file", stage="main", keep=-1)

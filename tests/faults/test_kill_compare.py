"""`limbeck compare` killed with SIGKILL again and again, then let go: the numbers of one that nobody touched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from limbeck.compare.crew import _environment
from pipeline import worlds

# where it is killed: the first line on stderr that holds the words
POINTS = (
    "balanced, trial 1, seed 2: training",
    "measuring what a step",
    "feature_matching, seed 1: training",
    "balanced, seed 0: training",
    "seed 0: reading the test split",
    "balanced, seed 1: reading the test split",
)


def start(out: Path, jobs: int) -> subprocess.Popen[str]:
    clip = f"hf:{worlds.model('clip')}"
    given = {
        "teacher": clip, "student": clip, "methods": "balanced", "seeds": 2, "steps": 3, "batch-size": 8, "draws": 1,
        "tune": 2, "threads": 1, "jobs": jobs, "out": out, "cache": worlds.cache_folder(), "allow": "teacher at chance",
    }  # fmt: skip
    command = [sys.executable, "-m", "limbeck", "compare", worlds.data()]
    for name, value in given.items():
        command += [f"--{name}", str(value)]
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
        start_new_session=True,
    )


def killed_at(out: Path, words: str, jobs: int) -> bool:
    """Whether the words were said, and the process killed at once; False where it ended before."""
    process = start(out, jobs)
    assert process.stderr is not None
    found = any(words in line for line in process.stderr)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    return found


def finish(out: Path, jobs: int) -> dict[str, Any]:
    process = start(out, jobs)
    assert process.stderr is not None
    said = process.stderr.read()
    assert process.wait() == 0, said[-2000:]
    process.stderr.close()
    return json.loads((out / "comparison.json").read_text())


def weights(out: Path) -> dict[str, bytes]:
    found = {path.parents[1].name: path.read_bytes() for path in out.glob("runs/*/model/model.safetensors")}
    return {name: content for name, content in found.items() if "equal" not in name}  # those hang on measured seconds


@pytest.mark.parametrize(
    ("jobs", "points"),
    [
        pytest.param(1, POINTS[3:4], id="once"),
        pytest.param(1, POINTS, id="anywhere", marks=pytest.mark.slow),
        pytest.param(2, POINTS, id="anywhere, two processes", marks=pytest.mark.slow),
    ],
)
def test_a_comparison_survives_a_kill(tmp_path: Path, jobs: int, points: tuple[str, ...]):
    whole = finish(tmp_path / "whole", 1)
    killed = [killed_at(tmp_path / "killed", words, jobs) for words in points]
    # with two processes a line may have been said in an earlier life already
    assert all(killed) if jobs == 1 else sum(killed) >= 4
    found = finish(tmp_path / "killed", jobs)
    for name in ("arms", "results"):
        assert found[name].keys() >= {"equal steps"} if name == "results" else found[name].keys() == whole[name].keys()
    assert found["results"]["equal steps"]["by seed"] == whole["results"]["equal steps"]["by seed"]
    assert found["results"]["equal steps"]["findings"] == whole["results"]["equal steps"]["findings"]
    for arm, one in found["arms"].items():
        assert one["validation by trial"] == whole["arms"][arm]["validation by trial"]
        assert one["tuned"] == whole["arms"][arm]["tuned"]
    assert weights(tmp_path / "killed") == weights(tmp_path / "whole")
    assert not list((tmp_path / "killed").rglob(".*.tmp-*"))

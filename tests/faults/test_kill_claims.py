"""`limbeck claims NAME` with two processes, killed with SIGKILL, typed again: the entry of one that nobody touched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from claims import worlds
from limbeck.compare.crew import _environment
from pipeline import worlds as data

# A process started with this folder on its path has one more paper; its workers inherit the path.
SITE = """
from limbeck.recipes import papers
papers.__path__ = [*papers.__path__, {folder!r}]
"""


def start(root: Path, name: str) -> subprocess.Popen[str]:
    options = {"--ledger": root / name / "claims", "--cache": root / name / "cache", "--jobs": "2"}
    command = [sys.executable, "-m", "limbeck", "claims", "fresh_claim"]
    command += [str(part) for pair in options.items() for part in pair]
    environment = _environment()
    environment["PYTHONPATH"] = os.pathsep.join([str(root / "site"), environment["PYTHONPATH"]])
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment)


def finish(root: Path, name: str) -> tuple[dict[str, Any], list[str]]:
    process = start(root, name)
    said = process.communicate()[1]
    assert process.returncode == 0, said[-2000:]
    done = [line for line in said.splitlines() if "fresh_claim: " in line]
    return json.loads((root / name / "claims" / "fresh_claim.json").read_text()), done


def test_a_claim_survives_a_kill(tmp_path: Path):
    for folder in ("site", "papers"):
        (tmp_path / folder).mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITE.format(folder=str(tmp_path / "papers")))
    with worlds.papered(tmp_path / "papers"):
        pass  # the file stays
    assert Path(data.data()).exists()
    whole, done = finish(tmp_path, "whole")
    assert len(done) == 15
    for words in ("seed 1", "seed 3"):
        process = start(tmp_path, "killed")
        assert process.stderr is not None
        assert any(f"fresh_claim: no teacher, {words}" in line for line in process.stderr)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()
        assert not (tmp_path / "killed" / "claims").exists()
    found, done = finish(tmp_path, "killed")
    assert len(done) < 10  # what the killed ones had measured is there
    for name in ("differences", "verdict", "seeds", "data", "teachers"):
        assert found[name] == whole[name]
    for label, arm in found["arms"].items():
        assert arm["metrics"] == whole["arms"][label]["metrics"]

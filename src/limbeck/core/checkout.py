"""What code a result was made with, where Limbeck runs from a checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def git(*arguments: str) -> str:
    """What git says of Limbeck's own checkout; empty for an installed wheel, without git, or on an error."""
    if not (ROOT / "src" / "limbeck" / "core" / "checkout.py").is_file():
        return ""  # a repository around a virtual environment is somebody else's
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.rstrip()  # the first column of a status may be blank


def commit() -> str | None:
    """The commit, with `-dirty` where the package differs from it; None where there is no checkout."""
    found = git("rev-parse", "HEAD")
    changed = git("status", "--porcelain", "--", "src") if found else ""
    return (f"{found}-dirty" if changed else found) or None

"""What the checks found stays with what was trained: `checks.json`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from limbeck.core.artefact import read_json, write_json
from limbeck.core.errors import ArtefactError
from limbeck.pipeline.checks.finding import Finding

CHECKS = "checks.json"


def write_checks(folder: Path, findings: Sequence[Finding]) -> None:
    """Put the findings into a folder."""
    write_json(folder / CHECKS, [asdict(finding) for finding in findings])


def read_checks(folder: Path) -> list[Finding]:
    """The findings of a folder; none where nothing was examined.

    Raises:
        ArtefactError: the file is no list of findings.
    """
    path = folder / CHECKS
    if not path.exists():
        return []
    try:
        return [Finding(**plain) for plain in read_json(path, kind="checks")]
    except TypeError as error:
        raise ArtefactError(f"{path} holds no findings: {error}") from error


def waved(findings: Sequence[Finding]) -> list[str]:
    """One sentence for every error that was waved through."""
    errors = [finding for finding in findings if finding.level == "error"]
    return [f"trained although the checks found an error: {error.sentence}" for error in errors]


def warnings_of(findings: Sequence[Finding]) -> dict[str, list[str]]:
    """Check -> what it warned of, each with its fix; one check may warn more than once."""
    found: dict[str, list[str]] = {}
    for finding in findings:
        if finding.level == "warning":
            found.setdefault(finding.check, []).append(finding.line + (f"; {finding.fix}" if finding.fix else ""))
    return found

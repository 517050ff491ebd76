"""What code trains a comparison: written down when it begins, and the same until its last run is measured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from limbeck.core.artefact import versions
from limbeck.core.checkout import commit
from limbeck.core.errors import ArtefactError
from limbeck.core.source_code import package_fingerprint


def made_with() -> dict[str, Any]:
    """The code of this process: commit, versions of libraries, and a hash of the package, words apart."""
    return {"commit": commit(), "versions": versions(), "fingerprint": package_fingerprint()}


def check_code(begun: Mapping[str, Any], out: Path) -> None:
    """Refuse to finish a comparison by other code than the one that began it.

    Args:
        begun: `made_with()` of that time; empty where nobody wrote it down.
        out: folder of the comparison.

    Raises:
        ArtefactError: code or libraries have changed.
    """
    now = made_with()
    before: Mapping[str, str] = begun.get("versions", {})
    libraries = dict.fromkeys((*before, *now["versions"])) if begun else ()
    changed = [
        f"{name} {before.get(name)} then, {now['versions'].get(name)} now"
        for name in libraries
        if before.get(name) != now["versions"].get(name)
    ]
    if begun.get("fingerprint") != now["fingerprint"]:
        changed.insert(0, f"commit {_short(begun.get('commit'))} then, {_short(now['commit'])} now")
    if changed:
        raise ArtefactError(
            f"{out} has runs left to do and was begun with other code ({'; '.join(changed)}): "
            "start again in another --out"
        )


def _short(commit: str | None) -> str:
    return commit[:10] + "-dirty" * commit.endswith("-dirty") if commit else "unknown"

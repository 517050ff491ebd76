"""`Finding`: one thing that was looked at, in one line, with the fix."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from limbeck.core.errors import DataError, ResourceError, UsageError, unknown

LEVELS = ("ok", "note", "warning", "error")
RESOURCES = ("memory", "disk")
CHECKS = (
    "captions", "columns", "disk", "frozen", "ids", "labels", "leakage", "memory", "near duplicates", "normalisation",
    "pictures", "prepared rows", "rows", "same captions", "same pictures", "splits", "stages", "student", "teacher",
    "teacher at chance", "time", "tokens", "width",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Args:
        level: `ok`, `note` (good to know), `warning` (results suffer) or `error` (nothing is trained).
        check: what was looked at, one of `CHECKS`.
        line: what was found, one sentence without a full stop.
        fix: what to do about it; "" where nothing has to be done.
    """

    level: str
    check: str
    line: str
    fix: str = ""

    def __post_init__(self) -> None:
        if self.level not in LEVELS:
            raise UsageError(unknown("level", self.level, LEVELS))

    def __str__(self) -> str:
        return f"{self.level:<7}  {self.check}: {self.line}" + (f"; {self.fix}" if self.fix else "")

    @property
    def sentence(self) -> str:
        """The finding without its level."""
        return f"{self.check}: {self.line}" + (f"; {self.fix}" if self.fix else "")


def worst(findings: Sequence[Finding]) -> str:
    """The highest level among the findings; `ok` where there are none."""
    return max((finding.level for finding in findings), key=LEVELS.index, default="ok")


def check_allowed(allow: Collection[str]) -> None:
    """Refuse the name of no check. One that will have nothing to say is a name: nobody knows before the data is read.

    Raises:
        UsageError: `allow` names no check.
    """
    for name in allow:
        if name not in CHECKS:
            raise UsageError(unknown("check", name, CHECKS, where="--allow"))


def stop_on_errors(findings: Sequence[Finding], *, allow: Collection[str] = ()) -> None:
    """Refuse to go on where an error was found.

    Args:
        findings: of `examine`.
        allow: checks that the user has seen and waves through.

    Raises:
        DataError: the first error that is not allowed, with the number of further ones.
        ResourceError: the same, where memory or disk is what lacks.
        UsageError: see `check_allowed`.
    """
    check_allowed(allow)
    errors = [finding for finding in findings if finding.level == "error" and finding.check not in allow]
    if not errors:
        return
    first = errors[0]
    more = f" ({len(errors) - 1} more; see `limbeck doctor`)" if len(errors) > 1 else ""
    raise (ResourceError if first.check in RESOURCES else DataError)(first.sentence + more)

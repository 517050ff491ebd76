"""Errors that a user can act on: each carries a documented exit code and names the fix.

Every message follows one form: what was asked, what was found, what is valid, the nearest valid name.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LimbeckError(Exception):
    """Base of every error that is the user's to fix; `exit_code` is what the command line returns."""

    exit_code = 1


class UsageError(LimbeckError):
    """A wrong flag, name, type or combination (exit code 2)."""

    exit_code = 2


class DataError(LimbeckError):
    """Data that cannot be used as it is (exit code 3)."""

    exit_code = 3


class ArtefactError(LimbeckError):
    """A corrupt, incomplete or mismatched file that Limbeck or another tool wrote (exit code 4)."""

    exit_code = 4


class ResourceError(LimbeckError):
    """Not enough disk or memory for what was asked (exit code 5)."""

    exit_code = 5


class InterruptedRun(LimbeckError):
    """The user stopped the run; a checkpoint was written before leaving (exit code 6)."""

    exit_code = 6


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """The valid name most like `name`, or None when nothing comes close.

    >>> nearest("tempreature", ["temperature", "scale"])
    'temperature'
    """
    candidates = list(valid)
    lowered = {candidate.lower(): candidate for candidate in reversed(candidates)}
    found = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    return lowered[found[0]] if found else None


def unknown(kind: str, name: str, valid: Iterable[str], *, where: str = "") -> str:
    """One sentence for a name that does not exist: asked, valid names, nearest.

    >>> unknown("method", "infonc", ["infonce", "siglip"])
    "unknown method 'infonc'; valid: infonce, siglip; did you mean 'infonce'?"
    """
    names = sorted(valid)
    shown = ", ".join(names[:20]) + (f", ... ({len(names)} in all)" if len(names) > 20 else "")
    place = f" in {where}" if where else ""
    guess = nearest(name, names)
    hint = f"; did you mean '{guess}'?" if guess else ""
    return f"unknown {kind} '{name}'{place}; valid: {shown or 'none'}{hint}"

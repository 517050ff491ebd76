"""`limbeck list`: every part, method, recipe and study, found by walking the packages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any


def list(
    role: Annotated[str | None, "one role only: objective, layer, recipe, study, ..."] = None,
) -> dict[str, dict[str, str]]:
    """Every part, method, recipe and study with its one-line summary, grouped by role.

    Args:
        role: one role only; None lists all.

    Returns:
        Role -> import path (methods, recipes and studies: name) -> summary.

    Raises:
        UsageError: there is no such role.
    """
    from limbeck.core import discovery
    from limbeck.core.errors import UsageError, unknown

    finders: dict[str, Callable[[], Mapping[str, Any]]] = {
        **{name: partial(discovery.parts, base, package) for name, (base, package) in discovery.roles().items()},
        "method": discovery.methods,
        "recipe": discovery.recipes,
        "study": discovery.studies,
    }
    if role is not None and role not in finders:
        raise UsageError(unknown("role", role, finders))
    found = {
        name: {path: discovery.summary(item) for path, item in finder().items()}
        for name, finder in finders.items()
        if role in (None, name)
    }
    for name, entries in found.items():
        print(f"{name} ({len(entries)})")
        short = {path: path.rpartition(".")[2] for path in entries}
        width = max(map(len, short.values()), default=0)
        for path, text in entries.items():
            print(f"  {short[path].ljust(width)}  {text}")
    return found

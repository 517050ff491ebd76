"""`limbeck list`: every part and recipe, found by walking the packages."""

from __future__ import annotations

from typing import Annotated


def list(
    role: Annotated[str | None, "one role only: objective, encoder, recipe, ..."] = None,
) -> dict[str, dict[str, str]]:
    """Every part and recipe with its one-line summary, grouped by role.

    Args:
        role: one role only; None lists all.

    Returns:
        Role -> import path (recipes: name) -> summary.

    Raises:
        UsageError: there is no such role.
    """
    from limbeck.core import discovery
    from limbeck.core.errors import UsageError, unknown

    roles = discovery.roles()
    if role is not None and role not in (*roles, "recipe"):
        raise UsageError(unknown("role", role, (*roles, "recipe")))
    found: dict[str, dict[str, str]] = {}
    for name, (base, package) in roles.items():
        if role in (None, name):
            found[name] = {path: discovery.summary(part) for path, part in discovery.parts(base, package).items()}
    if role in (None, "recipe"):
        found["recipe"] = {name: discovery.summary(recipe) for name, recipe in discovery.recipes().items()}
    for name, entries in found.items():
        print(f"{name} ({len(entries)})")
        short = {path: path.rpartition(".")[2] for path in entries}
        width = max(map(len, short.values()), default=0)
        for path, text in entries.items():
            print(f"  {short[path].ljust(width)}  {text}")
    return found

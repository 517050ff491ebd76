"""`--set stages.0.budget.steps=10`: dotted-path changes to a recipe's plain values."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any

from limbeck.core.errors import UsageError, nearest, unknown

PART = "part"


def apply_overrides(plain: Any, changes: Sequence[str]) -> Any:
    """A copy of a recipe's plain values (`describe(recipe)`) with `path=value` changes made in order.

    The value is read as JSON and, where it is none, as a string. A list is entered by number. Only what exists can be
    changed, except in a mapping of the user's own names to numbers (rows of each kind in a batch), which takes a new
    name as long as it does not look like a slip of an old one. Types are checked by `limbeck.core.describe.build`.

    Args:
        plain: what `describe` returned; it is not changed.
        changes: `stages.0.budget.steps=10`, `seed=3`, `teacher=null`, ...

    Returns:
        The changed copy.

    Raises:
        UsageError: no `=`, or a step of the path that does not exist, with the nearest valid name.

    >>> apply_overrides({"seed": 0, "stages": [{"name": "main"}]}, ["seed=3", "stages.0.name=warm"])
    {'seed': 3, 'stages': [{'name': 'warm'}]}
    """
    changed = copy.deepcopy(plain)
    for change in changes:
        path, equals, text = change.partition("=")
        if not equals or not path.strip():
            raise UsageError(f"cannot read the change '{change}'; write it as path=value, for example seed=3")
        _assign(changed, path.strip().split("."), _value(text.strip()), change)
    return changed


def _assign(node: Any, steps: list[str], value: Any, change: str) -> None:
    for number, step in enumerate(steps):
        where = ".".join(steps[:number]) or "the recipe"
        last = number == len(steps) - 1
        if isinstance(node, list):
            if not step.isdecimal() or int(step) >= len(node):
                valid = f"0 to {len(node) - 1}" if node else "none, it is empty"
                raise UsageError(f"unknown item '{step}' in {where} of the change '{change}'; valid: {valid}")
            key: Any = int(step)
        elif isinstance(node, dict):
            names = [name for name in node if name != PART] + (_left_out(node) if last else [])
            if step not in names and not (last and _takes_new(node, step)):
                raise UsageError(unknown("name", step, names, where=where))
            key = step
        else:
            raise UsageError(f"'{where}' is {json.dumps(node)}, a plain value without a '{step}' inside ({change})")
        if last:
            node[key] = value
        else:
            node = node[key]


def _left_out(node: dict[str, Any]) -> list[str]:
    """Arguments of a part that its description leaves out at their default."""
    from limbeck.core.describe import quiet, resolve

    return [name for name in quiet(resolve(node[PART])) if name not in node] if PART in node else []


def _takes_new(node: dict[str, Any], name: str) -> bool:
    numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in node.values())
    return PART not in node and bool(node) and numbers and nearest(name, node) is None


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

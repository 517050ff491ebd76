"""`differences`: what changed between two recipes, said by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def differences(found: Any, asked: Any, *, most: int = 3) -> str:
    """Where two recipes differ, by dotted path: what is there, what was asked for.

    >>> differences({"seed": 0, "data": {"draws": 4}}, {"seed": 1, "data": {"draws": 4}})
    'seed: 0 there, 1 asked for'
    """
    lines = list(_differences(found, asked, ""))
    return "; ".join(lines[:most]) + (f"; and {len(lines) - most} more" if len(lines) > most else "")


def _differences(found: Any, asked: Any, path: str) -> Iterator[str]:
    if isinstance(found, dict) and isinstance(asked, dict):
        for name in dict.fromkeys((*found, *asked)):
            yield from _differences(found.get(name), asked.get(name), f"{path}.{name}" if path else name)
    elif isinstance(found, list) and isinstance(asked, list) and len(found) == len(asked):
        for number, (one, two) in enumerate(zip(found, asked, strict=True)):
            yield from _differences(one, two, f"{path}.{number}")
    elif found != asked:
        yield f"{path}: {_short(found)} there, {_short(asked)} asked for"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

"""Built-in data sets and their options: `emoji:train=twitter+google,test=apple,size=32`."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from limbeck.core.discovery import parts
from limbeck.core.errors import UsageError, unknown
from limbeck.core.source import Source

_SWITCH = {"yes": True, "true": True, "no": False, "false": False}


@cache
def built_in() -> Mapping[str, type]:
    """Name -> class, for every source that can be made from its defaults alone."""
    return {
        path.split(".")[-2]: cls
        for path, cls in parts(Source, "data.sources").items()
        if all(p.default is not p.empty for p in inspect.signature(cls).parameters.values())
    }


@cache
def variants() -> Mapping[str, type]:
    """Option -> class that is put around the source, for every option but the seed."""
    return {
        key: cls
        for cls in parts(Source, "data.variants").values()
        for key in list(inspect.signature(cls).parameters)[1:]
        if key != "seed"
    }


def named_source(text: str) -> Source:
    """The built-in source that `NAME` or `NAME:key=value,key=value` means.

    `+` joins names (`train=twitter+google`). The source's own options are taken first; the others are put around it
    from left to right. `seed` (default 0) belongs to all that draw: `share`, `noise`, `labels`.

    Use when a recipe or a command names data.

    Args:
        text: what was asked.

    Raises:
        UsageError: an unknown name or option, or a value that does not fit; the nearest valid one is named.
        DataError: the data cannot be had.
    """
    name, _, rest = text.partition(":")
    if name not in built_in():
        raise UsageError(unknown("built-in data", name, built_in()))
    base = built_in()[name]
    own = list(inspect.signature(base).parameters)
    around = variants()
    given = _pairs(text, rest)
    seed = {"seed": int(_value("seed", given.pop("seed"), int))} if "seed" in given else {}
    for key in given:
        if key not in own and key not in around:
            raise UsageError(unknown("option", key, {*own, *around, "seed"}, where=f"{text!r}"))
    wrappers: dict[type, dict[str, Any]] = {}
    for key, value in given.items():
        if key not in own:
            wrappers.setdefault(around[key], {})[key] = _value(key, value, _hint(around[key], key))
    make: Callable[..., Source] = base
    options = {key: _value(key, value, _hint(base, key)) for key, value in given.items() if key in own}
    if seed and not any("seed" in inspect.signature(cls).parameters for cls in wrappers):
        raise UsageError(f"{text!r} has a seed, but nothing in it is drawn; leave it out")
    source = make(**options)
    for cls, chosen in wrappers.items():
        chosen |= seed if "seed" in inspect.signature(cls).parameters else {}
        source = cls(source, **chosen)
    return source


def _pairs(text: str, rest: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in rest.split(",") if ":" in text else ():
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not key or not equals or not value:
            raise UsageError(f"{part!r} in {text!r} is not an option; valid: NAME:key=value,key=value")
        if key in found:
            raise UsageError(f"{text!r} has the option {key!r} twice; leave one out")
        found[key] = value
    return found


def _hint(cls: type, key: str) -> Any:
    return get_type_hints(cls.__init__)[key]  # type: ignore[misc]


def _value(key: str, text: str, kind: Any) -> Any:
    """The text as what the constructor's annotation says."""
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(option for option in get_args(kind) if option is not type(None))
    if get_origin(kind) is Literal:
        if text not in get_args(kind):
            raise UsageError(unknown(f"value of {key}", text, get_args(kind)))
        return text
    if get_origin(kind) is tuple:
        return tuple(part.strip() for part in text.split("+"))
    if kind is bool:
        if text.lower() not in _SWITCH:
            raise UsageError(unknown(f"value of {key}", text, _SWITCH))
        return _SWITCH[text.lower()]
    try:
        if kind is float:
            return float(text[:-1]) / 100 if text.endswith("%") else float(text)
        return int(text) if kind is int else text
    except ValueError:
        wanted = "a whole number" if kind is int else "a number, such as 0.4 or 40%"
        raise UsageError(f"{key} is {wanted}, got {text!r}") from None

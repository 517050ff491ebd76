"""`as_annotated`: what a Python caller gives a verb, made into what the verb's annotations say."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from pathlib import PurePath
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from limbeck.core.errors import UsageError

_NAMES = {str: "a string", int: "a whole number", float: "a number (or a percentage, '1%')", bool: "True or False"}


def as_annotated(
    verb: Callable[..., Any], arguments: Sequence[Any], values: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Positional and keyword arguments of a call, each of the type that its annotation names.

    Use where a verb is called from Python: the command line gives the right types, a caller may give a string where
    a tuple is wanted, which would be read letter by letter, or a float for steps, which fails hours later.

    A lone string becomes a tuple of one, a list a tuple, `"1%"` a number, a path a string where a string is wanted, and
    a list of `methods` what the command line takes.

    Raises:
        UsageError: an argument that cannot be meant, by its name, with what it takes.
    """
    try:
        bound = inspect.signature(verb).bind(*arguments, **values)
    except TypeError:  # a missing or unknown argument: Python's own words are better
        return tuple(arguments), dict(values)
    for name, parameter in bound.signature.parameters.items():
        kind = parameter.annotation
        if isinstance(kind, str):  # one by one: the return type may exist for type checkers only
            kind = eval(kind, inspect.unwrap(verb).__globals__)
        if name not in bound.arguments or get_origin(kind) is not Annotated:
            continue
        given, kind = bound.arguments[name], get_args(kind)[0]
        # `--methods a,b` is one string on the command line, a list comes to mind in Python
        listed = name == "methods" and isinstance(given, (list, tuple)) and all(isinstance(each, str) for each in given)
        try:
            bound.arguments[name] = ",".join(given) if listed else _fit(given, kind)
        except ValueError:
            wanted = _wanted(kind) + (" or a list of strings" if name == "methods" else "")
            shown = repr(given) if len(repr(given)) <= 60 else f"a {type(given).__name__}"
            raise UsageError(f"{name} takes {wanted}; got {shown}") from None
    return bound.args, bound.kwargs


def _fit(value: Any, kind: Any) -> Any:
    """The value as `kind`; ValueError where it cannot be meant."""
    if get_origin(kind) in (Union, types.UnionType):
        for option in get_args(kind):
            try:
                return _fit(value, option)
            except ValueError:
                continue
        raise ValueError
    if get_origin(kind) is tuple:
        several = (value,) if isinstance(value, str) else value
        if not isinstance(several, (list, tuple)):
            raise ValueError
        return tuple(_fit(each, get_args(kind)[0]) for each in several)
    if kind is int and isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if kind is float and isinstance(value, str):
        return float(value[:-1]) / 100 if value.endswith("%") else float(value)
    if kind is float and isinstance(value, Real) and not isinstance(value, bool):
        return float(value)  # as the command line does: a recipe with 1 is written otherwise than one with 1.0
    if kind is str and isinstance(value, PurePath):
        return str(value)
    if inspect.isclass(kind) and issubclass(kind, PurePath) and isinstance(value, (str, PurePath)):
        return value
    if get_origin(kind) is Literal and value in get_args(kind):
        return value
    if kind is Any or (kind in (str, bool, type(None)) and isinstance(value, kind)):
        return value
    raise ValueError


def _wanted(kind: Any) -> str:
    if get_origin(kind) in (Union, types.UnionType):
        named = dict.fromkeys(map(_wanted, get_args(kind)))
        if "a path" in named:
            named.pop("a string", None)
        return " or ".join(named)
    if get_origin(kind) is tuple:
        return f"a tuple of {_wanted(get_args(kind)[0]).removeprefix('a ')}s"
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if kind is type(None):
        return "None"
    return "a path" if inspect.isclass(kind) and issubclass(kind, PurePath) else _NAMES.get(kind, "something else")

"""The signature is the configuration: any part to plain JSON values and back.

`describe(part)` reads every constructor argument from the attribute of the same name; `build` calls the constructor
again. Only classes that live in the `limbeck` package are ever built: a file cannot name anything else.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import math
import types
import typing
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from limbeck.core.errors import UsageError, unknown

KEY = "part"
# Metadata of a dataclass field that is described only where it is not at its default: an argument that came after
# recipes were measured leaves their descriptions, and what is keyed by them, as they were.
QUIET: Mapping[str, bool] = types.MappingProxyType({"quiet": True})
_PLAIN = (str, int, bool, type(None))


def signature_of(cls: type) -> list[inspect.Parameter]:
    """The constructor's parameters without `self`; a part without a constructor of its own has none."""
    parameters = inspect.signature(cls).parameters.values()
    # torch.nn.Module's own constructor is (*args, **kwargs), and our parts never have either
    return [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]


def path_of(cls: type) -> str:
    """The identity of a part: its import path."""
    return f"{cls.__module__}.{cls.__qualname__}"


def quiet(cls: type) -> dict[str, Any]:
    """Argument -> default of those that `describe` leaves out at their default; see `QUIET`."""
    found = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
    return {field.name: field.default for field in found if field.metadata.get("quiet")}


def describe(value: Any) -> Any:
    """Plain JSON values that `build` turns back into an equal object.

    Raises:
        UsageError: the object holds something that is not plain, or a constructor did not keep an argument.
    """
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise UsageError(f"cannot describe {value!r}: JSON holds finite numbers only")
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return {_text_key(key): describe(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [describe(item) for item in value]
    if inspect.isfunction(value) and value.__module__.startswith("limbeck."):
        return {KEY: f"{value.__module__}.{value.__qualname__}", "function": True}
    cls = type(value)
    if not cls.__module__.startswith("limbeck."):
        raise UsageError(
            f"cannot describe a {path_of(cls)}: only Limbeck's own parts and plain values are configuration"
        )
    plain: dict[str, Any] = {KEY: path_of(cls)}
    left_out = quiet(cls)
    for parameter in signature_of(cls):
        if not hasattr(value, parameter.name):
            raise UsageError(f"{path_of(cls)} does not keep its argument '{parameter.name}' under that name")
        given = getattr(value, parameter.name)
        if parameter.name not in left_out or given != left_out[parameter.name]:
            plain[parameter.name] = describe(given)
    return plain


def build(plain: Any, *, where: str = "recipe") -> Any:
    """The object that `describe` wrote down. Lists become tuples, so that frozen parts stay hashable and comparable.

    Raises:
        UsageError: a name that is not a Limbeck part, a missing or an unknown argument (with the nearest valid one).
    """
    if isinstance(plain, list):
        return tuple(build(item, where=f"{where}[{number}]") for number, item in enumerate(plain))
    if isinstance(plain, float) and not math.isfinite(plain):
        raise UsageError(f"{where} is {plain!r}; a recipe holds finite numbers only")
    if not isinstance(plain, dict):
        return plain
    if KEY not in plain:
        return {key: build(item, where=f"{where}.{key}") for key, item in plain.items()}
    target = resolve(plain[KEY], where=where)
    if plain.get("function"):
        return target
    if not inspect.isclass(target):
        raise UsageError(f"{plain[KEY]!r} in {where} is not a class")
    given = {key: build(item, where=f"{where}.{key}") for key, item in plain.items() if key != KEY}
    valid = {parameter.name: parameter for parameter in signature_of(target)}
    for name in given:
        if name not in valid:
            raise UsageError(unknown("argument", name, valid, where=f"{where} ({plain[KEY]})"))
    missing = [n for n, p in valid.items() if p.default is inspect.Parameter.empty and n not in given]
    if missing:
        raise UsageError(f"{where} ({plain[KEY]}) lacks {', '.join(missing)}")
    hints = _hints(target)
    for name, value in given.items():
        if name in hints and not _fits(value, hints[name]):
            wanted = _type_name(hints[name])
            raise UsageError(f"{where}.{name} ({plain[KEY]}) is {_shown(value)}; it takes {wanted}")
        given[name] = _widen(value, hints.get(name))
    positional = [n for n, p in valid.items() if p.kind is inspect.Parameter.POSITIONAL_ONLY]
    arguments = [given.pop(name) for name in positional if name in given]
    try:
        return target(*arguments, **given)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{where} ({plain[KEY]}): {error}") from error


def equal(first: Any, second: Any) -> bool:
    """Whether two objects have one configuration."""
    return bool(describe(first) == describe(second))


def replace(part: Any, **changes: Any) -> Any:
    """A copy of a dataclass or part with other arguments."""
    if dataclasses.is_dataclass(part) and not isinstance(part, type):
        return dataclasses.replace(part, **changes)
    arguments = {p.name: getattr(part, p.name) for p in signature_of(type(part))}
    return type(part)(**(arguments | changes))


def _hints(cls: type) -> dict[str, Any]:
    """Types of the constructor's arguments; none where an annotation exists for type checkers only."""
    try:
        return typing.get_type_hints(cls.__init__)  # type: ignore[misc]  # of the class itself, never of an instance
    except (NameError, TypeError):
        return {}


def _fits(value: Any, hint: Any) -> bool:
    """Whether a built value is what the annotation says; annotations that say more than a file can hold pass."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, option) for option in inner)
    if origin is typing.Literal:
        return value in inner
    if origin is typing.Annotated:
        return _fits(value, inner[0])
    if origin is tuple:
        if not isinstance(value, tuple):
            return False
        wanted = inner[:1] * len(value) if inner[-1:] == (...,) else inner
        return len(wanted) == len(value) and all(map(_fits, value, wanted))
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(_fits(item, inner[1]) for item in value.values())
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if inspect.isclass(hint) and issubclass(hint, PurePath):
        return isinstance(value, (str, PurePath))
    return isinstance(value, hint) if inspect.isclass(hint) and not typing.get_args(hint) else True


def _widen(value: Any, hint: Any) -> Any:
    """A whole number where a float is wanted, as a float: files may say 1 for 1.0."""
    options = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    if type(value) is int and float in options and int not in options:
        return float(value)
    if isinstance(value, tuple) and typing.get_origin(hint) is tuple:
        inner = typing.get_args(hint)
        return tuple(map(_widen, value, inner[:1] * len(value) if inner[-1] is ... else inner))
    return value


def _type_name(hint: Any) -> str:
    return hint.__name__ if inspect.isclass(hint) and not typing.get_args(hint) else str(hint).replace("typing.", "")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"a {type(value).__name__}"


def _text_key(key: object) -> str:
    if not isinstance(key, str):
        raise UsageError(f"cannot describe a mapping with the key {key!r}: keys are names")
    return key


def resolve(path: object, *, where: str = "recipe") -> Any:
    """What an import path of this package names.

    Raises:
        UsageError: it names nothing, or something outside the package.
    """
    if not isinstance(path, str) or not path.startswith("limbeck.") or "__" in path:
        raise UsageError(f"{path!r} in {where} is not a Limbeck part; a recipe can only name parts of this package")
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        from limbeck.core.discovery import every_part

        raise UsageError(unknown("part", path, every_part(), where=where)) from None

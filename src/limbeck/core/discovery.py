"""Finding parts by walking the packages: there is no list to keep and nothing to register.

A part is a public, concrete class of a role (`Objective`, `Encoder`, ...) defined in the module where it is found; a
recipe is a public zero-argument function in `limbeck.recipes` that is annotated to return a `Recipe`; methods and
studies are found the same way.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any


def modules(package: str) -> Iterator[ModuleType]:
    """Every module below `limbeck.<package>`, imported; one whose optional library is missing is left out."""
    root = importlib.import_module(f"limbeck.{package}")
    yield root
    for info in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
        try:
            yield importlib.import_module(info.name)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.split(".")[0] == "limbeck":
                raise


def parts(role: type, package: str) -> dict[str, type]:
    """Import path -> class, for every public concrete subclass of `role` below `limbeck.<package>`."""
    found: dict[str, type] = {}
    for module in modules(package):
        for name, value in vars(module).items():
            own = inspect.isclass(value) and value.__module__ == module.__name__
            if own and issubclass(value, role) and not name.startswith("_") and not inspect.isabstract(value):
                found[f"{module.__name__}.{name}"] = value
    return dict(sorted(found.items()))


def roles() -> dict[str, tuple[type, str]]:
    """Role name -> (base class, package that holds its parts); layers, fusers and heads are plain modules."""
    from torch import nn

    from limbeck.core.augmentation import Augmentation, Jitter
    from limbeck.core.encoder import Encoder
    from limbeck.core.evaluator import Evaluator
    from limbeck.core.objective import Objective
    from limbeck.core.schedule import Schedule
    from limbeck.core.source import Source
    from limbeck.core.surgery import Surgery
    from limbeck.core.view import View

    return {
        "augmentation": (Augmentation, "data.augmentation"),
        "encoder": (Encoder, "encoders"),
        "evaluator": (Evaluator, "evaluation"),
        "fuser": (nn.Module, "fusers"),
        "head": (nn.Module, "heads"),
        "jitter": (Jitter, "data.augmentation"),
        "layer": (nn.Module, "layers"),
        "objective": (Objective, "objectives"),
        "schedule": (Schedule, "schedules"),
        # these bases stand in the rooms of their parts, which core does not import: they are named
        "selection": (pkgutil.resolve_name("limbeck.surgery.selection.base:Selection"), "surgery.selection"),
        "similarity": (pkgutil.resolve_name("limbeck.evaluation.similarity:Similarity"), "evaluation.similarities"),
        "source": (Source, "data"),
        "surgery": (Surgery, "surgery"),
        "view": (View, "data"),
    }


def every_part() -> dict[str, type]:
    """All parts of all roles."""
    found: dict[str, type] = {}
    for base, package in roles().values():
        found |= parts(base, package)
    return found


def everything() -> dict[str, Any]:
    """Import path -> part, method, recipe or study: all that `limbeck list` shows."""
    found: dict[str, Any] = dict(every_part())
    for function in (*methods().values(), *recipes().values(), *studies().values()):
        found[f"{function.__module__}.{function.__qualname__}"] = function
    return found


def recipes() -> dict[str, Callable[[], Any]]:
    """Recipe name -> function, for every public zero-argument function annotated `-> Recipe` in `limbeck.recipes`."""
    return _functions("Recipe")


def methods() -> dict[str, Callable[[], Any]]:
    """Method name -> function, for every public zero-argument function annotated `-> Method` in `limbeck.recipes`."""
    return _functions("Method")


def studies() -> dict[str, Callable[[], Any]]:
    """Study name -> function, for every public zero-argument function annotated `-> Study` in `limbeck.recipes`."""
    return _functions("Study")


def _functions(returns: str) -> dict[str, Callable[[], Any]]:
    found: dict[str, Callable[[], Any]] = {}
    for module in modules("recipes"):
        for name, value in vars(module).items():
            if not inspect.isfunction(value) or value.__module__ != module.__name__ or name.startswith("_"):
                continue
            returned = str(value.__annotations__.get("return")).rpartition(".")[2]
            if returned == returns and not inspect.signature(value).parameters:
                found[name] = value
    return dict(sorted(found.items()))


def summary(item: Any) -> str:
    """First line of the docstring."""
    return (inspect.getdoc(item) or "").split("\n", 1)[0]

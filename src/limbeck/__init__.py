"""Limbeck makes small multimodal models out of big ones, and says honestly which method helped."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from limbeck.verbs.distill import distill as distill
    from limbeck.verbs.doctor import doctor as doctor
    from limbeck.verbs.evaluate import evaluate as evaluate
    from limbeck.verbs.run import run as run

_VERBS = ("claims", "compare", "distill", "doctor", "evaluate", "run")


def __getattr__(name: str) -> Any:
    """The verbs, imported on first use: `import limbeck` itself stays free of torch and transformers."""
    if name not in _VERBS:
        raise AttributeError(f"module 'limbeck' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"limbeck.verbs.{name}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_VERBS})


class _Room(ModuleType):
    """A package that has the name of a verb (`limbeck.compare`), and is called as the verb."""

    def __call__(self, *arguments: Any, **values: Any) -> Any:
        return __getattr__(self.__name__.rpartition(".")[2])(*arguments, **values)


class _Package(ModuleType):
    """`limbeck` itself: importing `limbeck.compare.arms` puts the package where the verb `limbeck.compare` was."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _VERBS and type(value) is ModuleType:
            value.__class__ = _Room
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package

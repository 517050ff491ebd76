"""Limbeck makes small multimodal models out of big ones, and says honestly which method helped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from limbeck.verbs.distill import distill as distill
    from limbeck.verbs.doctor import doctor as doctor
    from limbeck.verbs.evaluate import evaluate as evaluate
    from limbeck.verbs.run import run as run

_VERBS = ("distill", "doctor", "evaluate", "run")


def __getattr__(name: str) -> Any:
    """The verbs, imported on first use: `import limbeck` itself stays free of torch and transformers."""
    if name not in _VERBS:
        raise AttributeError(f"module 'limbeck' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"limbeck.verbs.{name}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_VERBS})

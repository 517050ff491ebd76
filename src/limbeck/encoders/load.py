"""`load_teacher`: a name -> frozen encoders."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from limbeck.core.errors import UsageError, nearest, unknown

if TYPE_CHECKING:
    from limbeck.encoders.teacher_models import TeacherModels


def load_teacher(name: str) -> TeacherModels:
    """The encoders that `name` stands for, frozen.

    `hf:FOLDER-OR-NAME` and the other prefixes open one model (a file of this package with `open_teacher` is a prefix);
    a bare name is a preset; `A+B` takes the image encoder of one and the text encoder of the other, not aligned.

    Raises:
        UsageError: an unknown prefix or preset (with the nearest valid one), or no such model.
        ArtefactError: a folder that cannot be read.

    >>> load_teacher("icon")
    Traceback (most recent call last):
    ...
    limbeck.core.errors.UsageError: unknown teacher 'icon'; ... did you mean 'icons'?
    """
    halves = name.split("+")
    if len(halves) == 1:
        return _one(name)
    if len(halves) != 2 or not all(half.strip() for half in halves):
        raise UsageError(f"teacher '{name}' has {len(halves)} parts; valid: one model, or IMAGE+TEXT")
    return _pair(name, *(_one(half.strip()) for half in halves))


def _pair(name: str, first: TeacherModels, second: TeacherModels) -> TeacherModels:
    from limbeck.encoders.teacher_models import TeacherModels

    for image, text in ((first, second), (second, first)):
        if "image" in image.encoders and "text" in text.encoders:
            return TeacherModels(name, {"image": image.encoders["image"], "text": text.encoders["text"]}, aligned=False)
    has = " and ".join("+".join(models.encoders) for models in (first, second))
    raise UsageError(f"teacher '{name}' has {has}; valid: one with an image encoder and one with a text encoder")


def _one(name: str) -> TeacherModels:
    prefix, colon, rest = name.partition(":")
    if not colon:
        valid = presets()
        if name not in valid:
            hint = nearest(name, valid)
            if hint is None:
                names = ", ".join((*valid, *(f"{each}:..." for each in prefixes())))
                raise UsageError(f"unknown teacher '{name}'; valid: {names}; for a folder or hub name: 'hf:{name}'")
            raise UsageError(unknown("teacher", name, (*valid, *(f"{each}:..." for each in prefixes()))))
        return valid[name]()
    found = prefixes()
    if prefix not in found:
        raise UsageError(unknown("teacher prefix", f"{prefix}:", [f"{each}:" for each in found]))
    if not rest:
        raise UsageError(f"teacher '{name}' names no model; valid: {prefix}:FOLDER-OR-NAME")
    return replace(found[prefix](rest), name=name)


def prefixes() -> dict[str, Callable[[str], TeacherModels]]:
    """Prefix -> function: the files of this package that have an `open_teacher`."""
    package = importlib.import_module("limbeck.encoders")
    found = {}
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"limbeck.encoders.{info.name}")
        if hasattr(module, "open_teacher") and module.open_teacher.__module__ == module.__name__:
            found[info.name] = module.open_teacher
    return found


def presets() -> dict[str, Callable[[], TeacherModels]]:
    """Preset -> function: what `teacher_presets` defines."""
    module = importlib.import_module("limbeck.encoders.teacher_presets")
    return {
        name.replace("_", "-"): value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__annotations__.get("return") == "TeacherModels" and name[0] != "_"
    }

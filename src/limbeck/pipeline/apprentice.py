"""Teachers that are trained here: which recipe, and where what it gave is kept."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from limbeck.core.artefact import sha256_bytes, sha256_json
from limbeck.core.describe import KEY, describe
from limbeck.core.discovery import modules, recipes
from limbeck.core.errors import UsageError, unknown
from limbeck.core.recipe import Recipe
from limbeck.pipeline.steady import steady

PREFIX = "recipe:"
_ROOMS = ("stages", "functional")


def recipe_of(name: str) -> Recipe:
    """The recipe that `recipe:NAME` names, as it is trained: in fp32 where it says `auto`, so that a busy machine does
    not make another teacher of it.

    Raises:
        UsageError: there is none (with the nearest valid one).
    """
    known = recipes()
    wanted = name.removeprefix(PREFIX)
    if wanted not in known:
        raise UsageError(unknown("recipe", wanted, known, where=f"the teacher '{name}'"))
    found = known[wanted]()
    assert isinstance(found, Recipe)
    return steady(found)


def place_of(recipe: Recipe, cache: Path) -> Path:
    """Folder of what a recipe trained: named by its description, and by the code that trains it."""
    plain = describe(recipe)
    return cache / "apprentices" / f"{recipe.name}-{sha256_json([plain, _code(plain)])[:16]}"


def _code(plain: Any) -> dict[str, str]:
    """Module -> hash of its source: the loop, the tensor maths, and every part that the recipe names."""
    import importlib
    import sys

    named = {path.rpartition(".")[0] for path in _paths(plain)}
    for name in named:
        importlib.import_module(name)
    own = [sys.modules[name] for name in named]
    own += [module for room in _ROOMS for module in modules(room)]
    own += [importlib.import_module(f"limbeck.encoders.{name}") for name in ("student", "student_presets")]
    return {module.__name__: sha256_bytes(inspect.getsource(module).encode()) for module in own}


def _paths(plain: Any) -> Iterator[str]:
    if isinstance(plain, dict):
        if KEY in plain:
            yield plain[KEY]
        for value in plain.values():
            yield from _paths(value)
    elif isinstance(plain, list):
        for value in plain:
            yield from _paths(value)

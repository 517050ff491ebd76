"""What a verdict was measured with: a hash of the code that the claim's arms are made of.

It covers the described arms (every argument of every part), the sources of the parts' classes and what those import
from the rooms of mechanisms, and of a study the file it stands in. Comments, docstrings and layout do not count.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from limbeck.claims.found import arms_of, claim_of
from limbeck.core.artefact import sha256_json
from limbeck.core.describe import KEY, describe
from limbeck.core.recipe import Recipe
from limbeck.core.source_code import source_hash
from limbeck.core.study import Study
from limbeck.encoders.student import student_presets
from limbeck.pipeline.apprentice import PREFIX, recipe_of

ROOMS: tuple[str, ...] = (
    *("functional", "objectives", "layers", "schedules", "gradients", "mergers"),
    *("fusers", "heads", "surgery", "evaluation"),
)
_PACKAGE = Path(__file__).resolve().parents[1]


def code_fingerprint(item: Recipe | Study) -> str:
    """Hash of everything that decides what the arms of a claim do, the training loop and its plumbing apart."""
    claim = claim_of(item)
    decided = {
        name: describe(getattr(claim, name))
        for name in ("metric", "baselines", "decides", "higher_is_better", "margin", "budget", "also", "seeds")
    }
    sources = {name: _source_hash(name) for name in code_modules(item)}
    return sha256_json({"arms": _arms(item), "claim": decided, "sources": sources})


def code_modules(item: Recipe | Study) -> tuple[str, ...]:
    """Names of the modules that the fingerprint covers, sorted."""
    if isinstance(item, Study):
        start, rooms = {item.measure.__module__}, (*ROOMS, "recipes")
    else:
        named = {path.rpartition(".")[0] for path in _parts(_arms(item))}
        start, rooms = {name for name in named if name.split(".")[1] != "core"}, ROOMS
    return tuple(sorted(_reached(start, rooms)))


def training_code(folder: Path | None = None) -> dict[str, str]:
    """Module of the training loop and its optimizers -> hash; what an entry was trained by.

    Not part of the fingerprint: nearly every change of the loop (a message, a guard, another optimizer beside the old
    one) leaves what a claim trains as it is, and would ask for hours of measuring. The page names what has changed.

    Args:
        folder: `stages` of another checkout; None for this one's.
    """
    return {path.stem: source_hash(path) for path in sorted((folder or _PACKAGE / "stages").glob("*.py"))}


@functools.cache
def source_file(module: str) -> Path:
    """The file of a module of this package.

    Raises:
        ModuleNotFoundError: there is none of that name.
    """
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"no module {module}", name=module)
    return Path(found.origin)


def _arms(item: Recipe | Study) -> Any:
    if isinstance(item, Study):
        return item.name
    return {label: _described(arm) for label, arm in arms_of(item).items()}


def _described(recipe: Recipe) -> dict[str, Any]:
    """A recipe with what its names stand for: the student's design, and teachers that are trained here."""
    presets = student_presets()
    named = [name for name in (recipe.teacher, *recipe.teachers.values()) if name and name.startswith(PREFIX)]
    return {
        "recipe": describe(replace(recipe, claim=None)),
        "student": describe(presets[recipe.student]()) if recipe.student in presets else None,
        "teachers": {name: _described(recipe_of(name)) for name in named},
    }


def _parts(plain: Any) -> Iterator[str]:
    """Import paths in a description."""
    if isinstance(plain, Mapping):
        if isinstance(plain.get(KEY), str):
            yield plain[KEY]
        for value in plain.values():
            yield from _parts(value)
    elif isinstance(plain, (list, tuple)):
        for value in plain:
            yield from _parts(value)


def _reached(start: Iterable[str], rooms: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    left = list(start)
    while left:
        name = left.pop()
        if name in found:
            continue
        found.add(name)
        left += [other for other in _imports(name) if other.split(".")[1] in rooms]
    return found


@functools.cache
def _imports(module: str) -> tuple[str, ...]:
    """Modules of this package that a module imports, anywhere in it."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(source_file(module).read_bytes())):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return tuple(sorted(name for name in named if name.startswith("limbeck.") and name.count(".") > 1 and _is(name)))


def _is(module: str) -> bool:
    """Whether a name is a module's, and not that of something in one."""
    try:
        return bool(source_file(module))
    except ModuleNotFoundError:
        return False


@functools.cache
def _source_hash(module: str) -> str:
    return source_hash(source_file(module))

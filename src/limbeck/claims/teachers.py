"""Which teachers the arms of a claim have, read off the recipes: an entry names only what `Recipe.teacher` says."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from limbeck.claims.found import arms_of
from limbeck.core import graph
from limbeck.core.discovery import recipes
from limbeck.core.recipe import Recipe, StageSpec
from limbeck.core.study import Study
from limbeck.core.term import Ref

UNKNOWN = "as the study opens it"
HERE = "trained in the run"
RAW = ("pixels",)  # handed on by a student as it eats it


def teachers_of(item: Recipe | Study) -> str:
    """Names of what teaches any arm, and of what an arm opens for its weights alone; `none` where nothing does.

    Args:
        item: the recipe or study of a claim. A study whose function names no recipe keeps its teachers to itself.
    """
    arms = [*arms_of(item).values()] if isinstance(item, Recipe) else _recipes_of(item)
    if arms is None:
        return UNKNOWN
    teachers: set[str] = set()
    opened: set[str] = set()
    for arm in arms:
        named = dict(arm.teachers) | ({"teacher": arm.teacher} if arm.teacher else {})
        read = {ref.producer.partition(".")[0] for ref in graph.behind(_refs(arm), arm.parts)}
        teachers |= {name for short, name in named.items() if short in read}
        opened |= set(named.values())
    said = ", ".join(sorted(teachers))
    if any(_trains_its_own(arm) for arm in arms):
        said = f"{said}, with parts {HERE}" if said else HERE
    weights = ", ".join(sorted(opened - teachers))
    return (said or "none") + (f"; weights from {weights}" if weights else "")


def _trains_its_own(recipe: Recipe) -> bool:
    """Whether a later stage reads, frozen, what an earlier one trained apart from the student."""
    for place, stage in enumerate(recipe.stages):
        read = {ref.producer for ref in graph.behind(_refs(stage), recipe.parts)}
        earlier = {name for before in recipe.stages[:place] for name in before.trains}
        if any(not _of_student(recipe, name) for name in earlier & read - set(stage.trains)):
            return True
    return False


def _of_student(recipe: Recipe, name: str) -> bool:
    """Whether something stands on what the student makes of a picture or a caption, and not on the picture alone."""
    read = graph.behind([Ref(name)], recipe.parts)
    return any(ref.producer.startswith("student.") and ref.output not in RAW for ref in read)


def _refs(of: Recipe | StageSpec) -> Iterator[Ref]:
    """What terms read, and of a recipe what its answers are."""
    if isinstance(of, StageSpec):
        yield from (ref for term in of.terms.values() for ref in term.inputs.values())
        return
    for stage in (*of.stages, *([of.align.stage] if of.align else [])):
        yield from _refs(stage)
    yield from of.answers.values()


def _recipes_of(study: Study) -> list[Recipe] | None:
    """The recipes that a study's function names; None where it names none, or makes one from arguments."""
    known = set(recipes().values())
    found = list(_named(study.measure, study.measure.__module__, set()))
    if not found or not known.issuperset(found):
        return None
    return [function() for function in found]


def _named(function: Callable[..., Any], module: str, seen: set[Any]) -> Iterator[Callable[..., Any]]:
    """Functions that return a recipe, among the names that a function and those of its own module use."""
    plain = inspect.unwrap(function)
    if plain in seen:
        return
    seen.add(plain)
    for name in plain.__code__.co_names:
        other = plain.__globals__.get(name)
        if not inspect.isroutine(other) and not hasattr(other, "__wrapped__"):
            continue
        if getattr(other, "__annotations__", {}).get("return") in ("Recipe", Recipe):
            yield other
        elif getattr(other, "__module__", "") == module:
            yield from _named(other, module, seen)

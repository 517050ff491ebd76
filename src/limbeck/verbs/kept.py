"""`kept_in_cache`: everything that a verb keeps goes where its `cache` says."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def kept_in_cache(verb: Callable[P, R]) -> Callable[P, R]:
    """Inside the verb `cache_folder()` is its `cache`, where one is given.

    Use on every verb with `cache`: built-in data is opened by name, deep inside, and would be drawn or fetched again
    into the usual folder.
    """

    @functools.wraps(verb)
    def inside(*arguments: P.args, **values: P.kwargs) -> R:
        from limbeck.data.places import caching_in

        with caching_in(values.get("cache")):  # type: ignore[arg-type]
            return verb(*arguments, **values)

    return inside

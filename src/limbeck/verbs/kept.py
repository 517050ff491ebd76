"""`kept_in_cache`: everything that a verb keeps goes where its `cache` says, and is given what it takes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from limbeck.verbs.given import as_annotated

P = ParamSpec("P")
R = TypeVar("R")


def kept_in_cache(verb: Callable[P, R]) -> Callable[P, R]:
    """Inside the verb `cache_folder()` is its `cache`, where one is given.

    Use on every verb with `cache`: built-in data is opened by name, deep inside, and would be drawn or fetched again
    into the usual folder. Arguments are what the verb's annotations say, or a `UsageError`: see `as_annotated`.
    """

    @functools.wraps(verb)
    def inside(*arguments: P.args, **values: P.kwargs) -> R:
        from limbeck.data.places import caching_in

        given, named = as_annotated(verb, arguments, values)
        with caching_in(named.get("cache")):
            return verb(*given, **named)

    return inside

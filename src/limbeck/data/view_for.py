"""From a model's spec to its view."""

from __future__ import annotations

from functools import singledispatch

from limbeck.core.errors import UsageError
from limbeck.core.spec import ImageSpec, TextSpec
from limbeck.core.view import View
from limbeck.data.views.image import ImageView
from limbeck.data.views.text import TextView


@singledispatch
def view_for(spec: object) -> View:
    """The view that prepares what a model with this spec eats.

    Use when an encoder declares `spec`; a new modality registers its view for its own spec class.

    Raises:
        UsageError: the spec has no view.
    """
    raise UsageError(f"no view for a spec of type {type(spec).__name__}; valid: ImageSpec, TextSpec")


@view_for.register
def _(spec: ImageSpec) -> View:
    return ImageView(spec)


@view_for.register
def _(spec: TextSpec) -> View:
    return TextView(spec)

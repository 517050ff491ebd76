"""What encoders eat, from what they declare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.evaluator import Evaluator
from limbeck.core.view import View
from limbeck.data.view_for import view_for


def view_of(encoder: Encoder) -> View:
    """The view that prepares samples for an encoder."""
    if encoder.spec is None:
        raise UsageError(f"the {encoder.modality} encoder {type(encoder).__name__} does not say what it eats")
    return view_for(encoder.spec)


def bound(evaluators: Sequence[Evaluator], encoders: Mapping[str, Encoder]) -> tuple[Evaluator, ...]:
    """The evaluators, those that ask words of the text encoder (`evaluator.bound(view)`) with its view at hand."""
    if "text" not in encoders:
        return tuple(evaluators)
    view = view_of(encoders["text"]) if any(hasattr(e, "bound") for e in evaluators) else None
    return tuple(e.bound(view) if hasattr(e, "bound") else e for e in evaluators)

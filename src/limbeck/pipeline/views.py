"""What encoders eat, from what they declare."""

from __future__ import annotations

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.view import View
from limbeck.data.view_for import view_for


def view_of(encoder: Encoder) -> View:
    """The view that prepares samples for an encoder."""
    if encoder.spec is None:
        raise UsageError(f"the {encoder.modality} encoder {type(encoder).__name__} does not say what it eats")
    return view_for(encoder.spec)

"""`CaptionSubset`: part of a caption of the form `label: term, term, ...`."""

from __future__ import annotations

import numpy as np

from limbeck.core.augmentation import Augmentation
from limbeck.core.errors import UsageError


class CaptionSubset(Augmentation):
    """The label alone, a random subset of the terms in random order with or without the label, or all of it.

    Use when captions are a name and a list of keywords; a text without `: ` stays as it is.

    Args:
        whole: chance of the caption as it stands, 0 to 1.
        label: chance of the label alone, 0 to 1.
        unlabelled: chance that a subset comes without the label, 0 to 1.

    >>> CaptionSubset(whole=0, label=1)("Bed: rest, sleep", np.random.default_rng(0))
    'Bed'
    """

    modality = "text"

    def __init__(self, *, whole: float = 0.25, label: float = 0.1, unlabelled: float = 0.2) -> None:
        if not (0 <= whole <= 1 and 0 <= label <= 1 and whole + label <= 1 and 0 <= unlabelled <= 1):
            raise UsageError(f"CaptionSubset needs chances from 0 to 1, got {whole}, {label}, {unlabelled}")
        self.whole = whole
        self.label = label
        self.unlabelled = unlabelled

    def __call__(self, value: object, generator: np.random.Generator) -> str:
        """Another caption of the same thing."""
        if not isinstance(value, str):
            raise TypeError(f"CaptionSubset takes a text, not {type(value).__name__}")
        label, colon, rest = value.partition(": ")
        terms = [term for term in rest.split(", ") if term.strip()]
        draw = generator.random()
        if not colon or not terms or draw < self.whole:
            return value
        if draw < self.whole + self.label:
            return label
        kept = generator.permutation(len(terms))[: generator.integers(1, len(terms) + 1)]
        listed = ", ".join(terms[place] for place in kept)
        return listed if generator.random() < self.unlabelled else f"{label}: {listed}"

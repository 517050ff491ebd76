"""`Prompts`: class names and the sentences that they are asked in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.view import View
from limbeck.evaluation.embeddings import normalise


@dataclass(frozen=True)
class Prompts:
    """Every class in every template.

    Args:
        classes: names in the order of the class ids.
        templates: sentences with one `{}` for the name.

    >>> Prompts(("cat", "dog"), ("a photo of a {}.",)).sentences()
    ['a photo of a cat.', 'a photo of a dog.']
    """

    classes: tuple[str, ...]
    templates: tuple[str, ...] = ("{}",)

    def __post_init__(self) -> None:
        if len(self.classes) < 2 or len(set(self.classes)) != len(self.classes):
            raise UsageError(f"zero-shot classes must be at least 2 different names, got {list(self.classes)[:5]}")
        wrong = [template for template in self.templates if template.count("{}") != 1]
        if wrong or not self.templates:
            raise UsageError(f"a prompt template holds one '{{}}' for the class name, got {wrong or 'no template'}")

    def sentences(self) -> list[str]:
        """Template by template for each class in turn."""
        # replace, not format: a class may be called "{0}" and must not be able to reach into anything
        return [template.replace("{}", name) for name in self.classes for template in self.templates]

    def vectors(self, encoder: Encoder, view: View) -> NDArray[np.float32]:
        """One unit vector a class, `(c, d)`: the mean of its normalised prompts, normalised again (CLIP's ensemble)."""
        found = embed_values(encoder, view, self.sentences())
        return normalise(found.reshape(len(self.classes), len(self.templates), -1).mean(axis=1))


def embed_values(encoder: Encoder, view: View, values: Sequence[object], *, batch: int = 128) -> NDArray[np.float32]:
    """Unit vectors `(n, d)` of raw values (sentences, pictures) that are not rows of a data set."""
    training = encoder.training
    encoder.eval()
    try:
        with torch.inference_mode():
            parts = [
                encoder(view.collate([view.prepare(value) for value in values[start : start + batch]]))["pooled"]
                for start in range(0, len(values), batch)
            ]
    finally:
        encoder.train(training)
    return normalise(torch.cat(parts).float().cpu().numpy())

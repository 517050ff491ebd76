"""`ClassificationEvaluator`: accuracy over logits that a part gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from limbeck.core.encoder import Encoder
from limbeck.core.errors import DataError, UsageError, unknown
from limbeck.core.sample import Batch
from limbeck.core.term import Ref
from limbeck.evaluation.embedding_evaluator import EmbeddingEvaluator, Measurement
from limbeck.evaluation.embeddings import Embeddings, embed


class ClassificationEvaluator(EmbeddingEvaluator):
    """Share of labelled rows whose class has the largest logit, or is among the k largest.

    Ties count at their expectation. Chance is what the same answers score when they are dealt out at random, so that a
    favourite class is not rewarded. Rows without a label are left out. Metrics are named `accuracy`, and
    `top-k accuracy` for k above 1.

    Use when a part of the recipe classifies (`parts={"head": Part(LinearHead(64, width=10), ...)}`). Over the text
    embeddings of class names it is `ZeroShotEvaluator`.

    Args:
        logits: where they come from (`Ref("head")`); None takes the encoder's own `pooled`.
        modality: what is classified.
        ks: cut-offs; those that reach the number of classes are left out.

    >>> ClassificationEvaluator(Ref("head")).ks
    (1,)
    """

    def __init__(self, logits: Ref | None = None, *, modality: str = "image", ks: Sequence[int] = (1,)) -> None:
        if not ks or min(ks) < 1:
            raise UsageError(f"accuracy cut-offs must be whole numbers of at least 1, got {tuple(ks)}")
        self.logits = logits
        self.modality = modality
        self.ks = tuple(int(k) for k in ks)

    @property
    def output(self) -> str:
        """Name of the encoder's output that is read."""
        return "pooled" if self.logits is None else str(self.logits)

    def answers(self, models: Mapping[str, Encoder]) -> bool:
        """Whether the modality's encoder has these logits."""
        return self.modality in models and self.output in models[self.modality].outputs

    def embeddings(self, models: Mapping[str, Encoder], loader: Iterable[Batch]) -> Embeddings:
        """Logits as vectors, and one unit vector a class."""
        if self.modality not in models:
            raise UsageError(unknown("modality", self.modality, models, where="classification"))
        encoder = models[self.modality]
        if self.output not in encoder.outputs:
            raise UsageError(unknown("output", self.output, encoder.outputs, where="classification"))
        return embed({self.modality: encoder}, loader, outputs={self.modality: self.output})

    def measure(self, embeddings: Embeddings) -> list[Measurement]:
        """The first cut-off first."""
        rows = np.flatnonzero(embeddings.present[self.modality] & (embeddings.label >= 0))
        if not len(rows):
            raise DataError(f"no row has both {self.modality} and a label, so there is nothing to classify")
        # their rows have length 1, which moves no place
        logits, label = embeddings.vectors[self.modality][rows], embeddings.label[rows]
        classes = logits.shape[1]
        if label.max() >= classes:
            raise DataError(f"label {int(label.max())} is not one of the {classes} classes of '{self.output}'")
        note = f"{classes} classes; largest of '{self.output}'; chance: the same answers dealt at random"
        found = []
        for k in self.ks:
            if k < classes:
                answers = _among(logits, k)
                chance = float(answers.mean(axis=0)[label].mean())
                name = "accuracy" if k == 1 else f"top-{k} accuracy"
                hits = answers[np.arange(len(rows)), label]
                found.append(Measurement(name, hits, chance, proportion=True, note=note))
        return found


def _among(logits: NDArray[np.float32], k: int) -> NDArray[np.float64]:
    """For each row and class, how surely the class is among the k largest, in [0, 1]; equal logits share the places."""
    ordered = np.sort(logits, axis=1)
    left, right = (
        np.stack([np.searchsorted(row, own, side=side) for row, own in zip(ordered, logits, strict=True)])
        for side in ("left", "right")
    )
    larger = logits.shape[1] - right
    return np.clip((k - larger) / (right - left), 0.0, 1.0)

"""`ClassificationEvaluator`: accuracy over logits that a part gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from limbeck.core.encoder import Encoder
from limbeck.core.errors import DataError, UsageError, unknown
from limbeck.core.sample import Batch
from limbeck.core.term import Ref
from limbeck.evaluation.embedding_evaluator import EmbeddingEvaluator, Measurement
from limbeck.evaluation.embeddings import Embeddings, embed
from limbeck.evaluation.ranking import rank


class ClassificationEvaluator(EmbeddingEvaluator):
    """Share of labelled rows whose class has the largest logit, or is among the k largest.

    Ties count at their expectation, so that constant logits score chance, k / number of classes. Rows without a label
    are left out. Metrics are named `accuracy`, and `top-k accuracy` for k above 1.

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
        found = embed({self.modality: encoder}, loader, outputs={self.modality: self.output})
        width = found.vectors[self.modality].shape[1]
        return replace(found, classes=np.eye(width, dtype=np.float32))

    def measure(self, embeddings: Embeddings) -> list[Measurement]:
        """The first cut-off first."""
        if embeddings.classes is None:
            raise UsageError("classification needs one vector a class")
        classes = len(embeddings.classes)
        rows = np.flatnonzero(embeddings.present[self.modality] & (embeddings.label >= 0))
        if not len(rows):
            raise DataError(f"no row has both {self.modality} and a label, so there is nothing to classify")
        label = embeddings.label[rows]
        if label.max() >= classes:
            raise DataError(f"label {int(label.max())} is not one of the {classes} classes of '{self.output}'")
        ranks = rank(embeddings.vectors[self.modality][rows], embeddings.classes, list(label[:, None]))
        chance = ranks.unknowing()
        note = f"{classes} classes; largest of '{self.output}'; ties at their expectation"
        return [
            Measurement(
                "accuracy" if k == 1 else f"top-{k} accuracy",
                ranks.hit(k),
                float(chance.hit(k).mean()),
                proportion=True,
                note=note,
            )
            for k in self.ks
            if k < classes
        ]

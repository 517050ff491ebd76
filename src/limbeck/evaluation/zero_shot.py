"""`ZeroShotEvaluator`: classify by the nearest class name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from limbeck.core.encoder import Encoder
from limbeck.core.errors import DataError, UsageError, unknown
from limbeck.core.sample import Batch
from limbeck.core.view import View
from limbeck.evaluation.embedding_evaluator import EmbeddingEvaluator, Measurement
from limbeck.evaluation.embeddings import Embeddings, embed
from limbeck.evaluation.prompts import Prompts
from limbeck.evaluation.ranking import rank


class ZeroShotEvaluator(EmbeddingEvaluator):
    """Accuracy of the class whose prompts, averaged, are nearest by cosine.

        class vector = normalise(mean over templates of normalise(text(template(name))))

    Ties count at their expectation, so that a constant model scores chance. Chance of top-k is k / number of classes.
    Rows without a label are left out. The class ids of `Batch.target["label"]` are positions in `prompts.classes`.

    Use when rows have class labels. A recipe holds the evaluator without a view; the side that knows the tokenizer
    binds it: `evaluator.bound(view)`.

    Args:
        prompts: class names and templates.
        text_view: how the text encoder wants its sentences.
        modality: what is classified.
        ks: cut-offs; those that reach the number of classes are left out.

    Source: Radford et al. 2021 (arXiv 2103.00020).
    """

    def __init__(
        self,
        prompts: Prompts,
        *,
        text_view: View | None = None,
        modality: str = "image",
        ks: Sequence[int] = (1, 5),
    ) -> None:
        self.prompts = prompts
        self.text_view = text_view
        self.modality = modality
        self.ks = tuple(int(k) for k in ks)
        if not self.ks or min(self.ks) < 1:
            raise UsageError(f"zero-shot cut-offs must be whole numbers of at least 1, got {self.ks}")

    def bound(self, text_view: View) -> ZeroShotEvaluator:
        """The same protocol with the view of the text encoder at hand."""
        return ZeroShotEvaluator(self.prompts, text_view=text_view, modality=self.modality, ks=self.ks)

    def answers(self, models: Mapping[str, Encoder]) -> bool:
        """Whether both towers are there."""
        return {self.modality, "text"} <= models.keys()

    def embeddings(self, models: Mapping[str, Encoder], loader: Iterable[Batch]) -> Embeddings:
        """Vectors of the classified modality and of the classes."""
        for name in (self.modality, "text"):
            if name not in models:
                raise UsageError(unknown("modality", name, models, where="zero-shot classification"))
        if self.text_view is None:
            raise UsageError("zero-shot classification has no text view; call evaluator.bound(view) before evaluating")
        found = embed({self.modality: models[self.modality]}, loader)
        return replace(found, classes=self.prompts.vectors(models["text"], self.text_view))

    def measure(self, embeddings: Embeddings) -> list[Measurement]:
        """Top-1 first."""
        classes = len(self.prompts.classes)
        if embeddings.classes is None or len(embeddings.classes) != classes:
            raise UsageError(f"zero-shot classification needs one vector for each of its {classes} classes")
        rows = np.flatnonzero(embeddings.present[self.modality] & (embeddings.label >= 0))
        if not len(rows):
            raise DataError(f"no row has both {self.modality} and a label, so there is nothing to classify")
        label = embeddings.label[rows]
        if label.max() >= classes:
            raise DataError(f"label {int(label.max())} is not one of the {classes} classes of the prompts")
        ranks = rank(embeddings.vectors[self.modality][rows], embeddings.classes, list(label[:, None]))
        chance = ranks.unknowing()
        note = f"{classes} classes; prompts: {' | '.join(self.prompts.templates)}"
        return [
            Measurement(f"zero-shot top-{k}", ranks.hit(k), float(chance.hit(k).mean()), proportion=True, note=note)
            for k in self.ks
            if k < classes
        ]

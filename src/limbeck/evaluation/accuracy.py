"""`AccuracyEvaluator`: how often the largest score is at the label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from limbeck.core.encoder import Encoder
from limbeck.core.errors import DataError, UsageError, unknown
from limbeck.core.sample import Batch
from limbeck.evaluation.embedding_evaluator import EmbeddingEvaluator, Measurement
from limbeck.evaluation.embeddings import Embeddings, embed


class AccuracyEvaluator(EmbeddingEvaluator):
    """Share of rows whose largest score stands at their label.

        accuracy = mean_i [ y_i among argmax_c s_ic ] / (number of largest scores)

    Ties count at their expectation. Chance is what the same answers score when they are dealt out at random, so that a
    favourite class is not rewarded. Rows without a label are left out.

    Use when `answers` names the class scores of a modality (`{"image": Ref("head")}`). The class ids of
    `Batch.target["label"]` are positions of the scores.

    Args:
        modality: what is classified.

    Source: the usual top-1 accuracy.
    """

    def __init__(self, modality: str = "image") -> None:
        self.modality = modality

    def embeddings(self, models: Mapping[str, Encoder], loader: Iterable[Batch]) -> Embeddings:
        """Scores of the classified modality, each row scaled to length 1, which moves no maximum."""
        if self.modality not in models:
            raise UsageError(unknown("modality", self.modality, models, where="classification"))
        return embed({self.modality: models[self.modality]}, loader)

    def measure(self, embeddings: Embeddings) -> list[Measurement]:
        """The one metric, `accuracy`."""
        rows = np.flatnonzero(embeddings.present[self.modality] & (embeddings.label >= 0))
        if not len(rows):
            raise DataError(f"no row has both {self.modality} and a label, so there is nothing to classify")
        scores, label = embeddings.vectors[self.modality][rows], embeddings.label[rows]
        if label.max() >= scores.shape[1]:
            raise DataError(f"label {int(label.max())} has no score; the model gives {scores.shape[1]} scores a row")
        best = (scores == scores.max(axis=1, keepdims=True)).astype(np.float64)
        answers = best / best.sum(axis=1, keepdims=True)
        chance = float(answers.mean(axis=0)[label].mean())
        note = f"{scores.shape[1]} classes; chance: the same answers dealt at random"
        return [Measurement("accuracy", answers[np.arange(len(rows)), label], chance, proportion=True, note=note)]

"""A student held against its own teacher: quality on the test rows, parameters, rows a second."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import nn

from limbeck.core.composite import CompositeEncoder
from limbeck.core.encoder import Encoder
from limbeck.core.sample import Batch
from limbeck.core.study import METHOD, Lab, Scores
from limbeck.data.loader import EvalLoader
from limbeck.data.view_for import view_for
from limbeck.evaluation.embedding_evaluator import EmbeddingEvaluator
from limbeck.evaluation.units import over_units

ROUNDS, ROWS = 5, 256
COSTS = ("million parameters", "million parameters without words", "rows per second")


def student_and_teacher(
    trial: Any, lab: Lab, evaluator: EmbeddingEvaluator, metrics: Collection[str]
) -> Mapping[str, Scores]:
    """The same of the trained student and of the one teacher that all seeds share."""
    models = {METHOD: trial.encoders, "the teacher": trial.taught.encoders}
    return {arm: quality_and_costs(own, trial, lab, evaluator, metrics) for arm, own in models.items()}


def quality_and_costs(
    models: Mapping[str, Encoder], trial: Any, lab: Lab, evaluator: EmbeddingEvaluator, metrics: Collection[str]
) -> Scores:
    """Items of each metric on the test rows (`over_units`), and the costs.

    Rows a second: all towers, at the threads of the run, best of five passes.
    """
    vectors = lab.embed(models, trial, "test")
    classified = getattr(evaluator, "modality", None)
    said = [over_units(one, vectors, modality=classified) for one in evaluator.metrics(vectors)]
    needed = [module for own in models.values() for module in _needed(own)]
    sizes = [(name, value.numel()) for module in needed for name, value in module.named_parameters()]
    views = {modality: view_for(encoder.spec) for modality, encoder in models.items()}
    loader = EvalLoader(trial.source, indices=trial.rows.validation, views=views, batch_size=ROWS)
    costs = (
        sum(count for _, count in sizes) / 1e6,
        sum(count for name, count in sizes if "token_embedding" not in name) / 1e6,
        _speed(models, next(iter(loader))),
    )
    found: dict[str, Any] = {one.name: one.items for one in said if one.name in metrics}
    return found | {name: [value] for name, value in zip(COSTS, costs, strict=True)}


def _needed(encoder: Encoder) -> list[nn.Module]:
    return encoder.answering() if isinstance(encoder, CompositeEncoder) else [encoder]


def _speed(models: Mapping[str, Encoder], batch: Batch) -> float:
    best = float("inf")
    with torch.inference_mode():
        for _ in range(ROUNDS):
            started = time.perf_counter()
            for modality, encoder in models.items():
                encoder(batch.view(modality))
            best = min(best, time.perf_counter() - started)
    return len(batch) / best

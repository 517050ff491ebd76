"""TinyCLIP against its teacher: quality kept, parameters and time saved (Wu et al. 2023)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import torch

from limbeck.core.encoder import Encoder
from limbeck.core.sample import Batch
from limbeck.core.study import Lab, Scores, Study
from limbeck.data.loader import EvalLoader
from limbeck.data.view_for import view_for
from limbeck.evaluation.retrieval import RetrievalEvaluator
from limbeck.recipes.papers.tiny_clip import tiny_clip, tiny_clip_claim
from limbeck.recipes.setups.emoji_pairs import METRIC

ROUNDS, ROWS = 5, 256


def tiny_clip_size() -> Study:
    """The student and the teacher that every seed has in common."""
    claim = tiny_clip_claim(
        "A CLIP of less than half the parameters keeps the quality of its teacher.",
        "ViT-B/32 halved at comparable zero-shot accuracy (61.4 %, LAION-400M)",
        {"the teacher": "vit-xm, trained once"},
    )
    also = (*claim.also, "million parameters", "million parameters without words", "rows per second")
    return Study("tiny_clip_size", measure=measure, claim=replace(claim, margin=0.03, also=also))


def measure(seed: int, lab: Lab) -> Mapping[str, Scores]:
    """Retrieval, parameters and rows a second (both towers, one thread's share, best of five) of both."""
    trial = lab.trial(tiny_clip(), seed=seed)
    found: dict[str, Scores] = {}
    for arm, models in {"method": trial.encoders, "the teacher": trial.taught.encoders}.items():
        said = RetrievalEvaluator((1, 5)).measure(lab.embed(models, trial, "test"))
        sizes = [(name, value.numel()) for own in models.values() for name, value in own.named_parameters()]
        views = {modality: view_for(encoder.spec) for modality, encoder in models.items()}
        loader = EvalLoader(trial.source, indices=trial.rows.validation, views=views, batch_size=ROWS)
        found[arm] = {
            **{one.name: one.items for one in said if one.name in (METRIC, "image<->text R@1")},
            "million parameters": [sum(count for _, count in sizes) / 1e6],
            "million parameters without words": [sum(n for name, n in sizes if "token_embedding" not in name) / 1e6],
            "rows per second": [_speed(models, next(iter(loader)))],
        }
    return found


def _speed(models: Mapping[str, Encoder], batch: Batch) -> float:
    best = float("inf")
    with torch.inference_mode():
        for _ in range(ROUNDS):
            started = time.perf_counter()
            for modality, encoder in models.items():
                encoder(batch.view(modality))
            best = min(best, time.perf_counter() - started)
    return len(batch) / best

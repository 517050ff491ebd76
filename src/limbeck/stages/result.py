"""What a finished stage hands back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class FitResult:
    """The trained weights are in the producers; this says how they got there.

    Args:
        steps: updates done.
        best: validation metrics of the weights that were kept; empty without validation.
        history: one `{"step": ..., "metrics": {...}}` a validation.
        seconds: wall clock, validation and checkpoints included, over all sessions of the run.
        stopped_early: validation had stopped improving.
        best_step: step of the weights that were kept.
        precision: `fp32` or `bf16`, as decided.
        precision_reason: why; names the measured times where it was `auto`.
        rows_per_second: rows trained on a second of training steps (waiting for data included) of this session.
        waited: seconds of this session spent waiting for the loader.
        warnings: what the user should know (collapse, resumed under another thread count, ...).
        resumed_from: step that this session started at; 0 for a fresh run.
    """

    steps: int
    best: Mapping[str, float]
    history: Sequence[Mapping[str, Any]]
    seconds: float
    stopped_early: bool
    best_step: int = 0
    precision: str = "fp32"
    precision_reason: str = ""
    rows_per_second: float = 0.0
    waited: float = 0.0
    warnings: Sequence[str] = field(default_factory=tuple)
    resumed_from: int = 0

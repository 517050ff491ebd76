"""What a search keeps of the validation rows of a trial: vectors or tokens, embedded once."""

from __future__ import annotations

from typing import Any

from limbeck.core.composite import Models
from limbeck.core.features import Features, together
from limbeck.data.loader import EvalLoader
from limbeck.data.view_for import view_for
from limbeck.evaluation.embeddings import embed


def validation_loader(trial: Any) -> EvalLoader:
    """Validation rows as the trial's encoders eat them."""
    views = {modality: view_for(encoder.spec) for modality, encoder in trial.encoders.items()}
    return EvalLoader(trial.source, indices=trial.rows.validation, views=views, batch_size=256)


def stored(trial: Any, output: str) -> dict[str, Features]:
    """Modality -> an output of the trial's encoders for every validation row."""
    kept: dict[str, list[Features]] = {modality: [] for modality in trial.encoders}
    embed(Models(trial.encoders), validation_loader(trial), kept=kept, want=(output,))
    return {modality: together(pieces) for modality, pieces in kept.items()}

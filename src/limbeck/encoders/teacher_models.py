"""`TeacherModels`: what a teacher's name turns into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from limbeck.core.encoder import Encoder
from limbeck.core.scale import LogitScale


@dataclass(frozen=True)
class TeacherModels:
    """Frozen encoders, one a modality.

    Args:
        name: what was asked for.
        encoders: modality -> encoder in eval mode, nothing of it trains.
        aligned: whether the encoders share one space; False means that projectors have to be trained first.
        scale: the similarity scale that the teacher was trained with, where it has one.
    """

    name: str
    encoders: Mapping[str, Encoder]
    aligned: bool
    scale: LogitScale | None = None

    def __post_init__(self) -> None:
        for encoder in self.encoders.values():
            encoder.eval().requires_grad_(False)

    def fingerprints(self) -> dict[str, str]:
        """Modality -> hash of weights and preprocessing."""
        from limbeck.encoders.fingerprint import fingerprint

        return {modality: fingerprint(encoder) for modality, encoder in self.encoders.items()}

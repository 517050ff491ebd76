"""`FeatureView`: stored vectors as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from limbeck.core.artefact import sha256_json
from limbeck.core.errors import DataError, UsageError
from limbeck.core.view import View


class FeatureView(View):
    """A vector of fixed width, given as float32.

    Use when a model eats features that were computed earlier: projectors over a cache, precomputed embeddings.

    Args:
        modality: column that holds the vectors.
        width: numbers in a vector.
    """

    def __init__(self, modality: str, *, width: int) -> None:
        if width < 1:
            raise UsageError(f"a feature view needs a width of at least 1, got {width}")
        self.modality = modality
        self.width = width

    def prepare(self, value: object) -> Mapping[str, Tensor]:
        """`{"features": float32 (width,)}` of an array or tensor; a wrong size or a non-finite value is refused."""
        try:
            vector = torch.as_tensor(np.asarray(value), dtype=torch.float32).clone()
        except (TypeError, ValueError) as error:
            raise DataError(f"a feature must be numbers, not {type(value).__name__}") from error
        if tuple(vector.shape) != (self.width,):
            raise DataError(f"a feature of {self.modality} has shape {tuple(vector.shape)}, not ({self.width},)")
        if not bool(torch.isfinite(vector).all()):
            raise DataError(f"a feature of {self.modality} holds a value that is not finite")
        return {"features": vector}

    def collate(self, rows: Sequence[Mapping[str, Tensor] | None]) -> Mapping[str, Tensor]:
        """`{"features": float32 (n, width)}`; absent rows are zeros."""
        zeros = torch.zeros(self.width)
        if not rows:
            return {"features": torch.zeros(0, self.width)}
        return {"features": torch.stack([zeros if row is None else row["features"] for row in rows])}

    def fingerprint(self) -> str:
        """Hash of modality and width."""
        return sha256_json({"view": "feature", "modality": self.modality, "width": self.width})

"""`PooledEncoder`: any module that turns one tensor into one vector a row."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.features import Features
from limbeck.core.spec import ImageSpec, TextSpec, ViewSpec
from limbeck.encoders.wanted import check_want, wanted


class PooledEncoder(Encoder):
    """`pooled = tower(pixel_values)` or `tower(input_ids)`.

    Use when a library gives a tower that answers with a plain `(n, d)` tensor: open_clip, timm.

    Args:
        tower: called with one tensor.
        spec: how it wants its input; says the modality too.
        vocabulary: token ids that a text tower knows.

    Raises:
        UsageError: the tower answers with something else than one vector a row.
    """

    def __init__(self, tower: nn.Module, *, spec: ViewSpec, vocabulary: int | None = None) -> None:
        super().__init__()
        self.tower = tower
        self.spec = spec
        self.modality = spec.modality
        self.vocabulary = vocabulary
        training = tower.training
        self.eval()
        with torch.no_grad():
            found = tower(_probe(spec))
        if not isinstance(found, Tensor) or found.ndim != 2:
            shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise UsageError(f"{type(tower).__name__} answers with {shape}; valid: one vector a row, (n, d)")
        self.width = int(found.shape[1])
        self.train(training)

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        """`pooled (n, width)`."""
        check_want(want, self.outputs, encoder=type(self.tower).__name__)
        eaten = view["pixel_values" if isinstance(self.spec, ImageSpec) else "input_ids"]
        return wanted(want, {"pooled": lambda: self.tower(eaten)})


def _probe(spec: ViewSpec) -> Tensor:
    if isinstance(spec, TextSpec):
        return torch.full((1, spec.pad_to or min(2, spec.max_length)), spec.pad_id)
    return torch.zeros(1, 3, spec.height, spec.width)

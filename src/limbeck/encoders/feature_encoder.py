"""`FeatureEncoder`: a projector over features that were computed earlier."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from torch import Tensor, nn

from limbeck.core.encoder import Encoder
from limbeck.core.features import Features
from limbeck.encoders.wanted import check_want, wanted


class FeatureEncoder(Encoder):
    """`pooled = projector(features)`.

    Use when projectors are trained over a cache, so that no epoch pays for the frozen encoder.

    Args:
        projector: `(n, in_width) -> (n, width)`, with `in_width` and `width`.
        modality: column that the features were computed from.

    Attributes:
        spec: None; the view is `limbeck.data.views.feature.FeatureView`.
    """

    def __init__(self, projector: nn.Module, *, modality: str) -> None:
        super().__init__()
        self.projector = projector
        self.modality = modality
        self.in_width = int(projector.in_width)  # type: ignore[arg-type]
        self.width = int(projector.width)  # type: ignore[arg-type]

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        """`pooled (n, width)` for `features (n, in_width)`."""
        check_want(want, self.outputs, encoder="feature encoder")
        return wanted(want, {"pooled": lambda: self.projector(view["features"])})

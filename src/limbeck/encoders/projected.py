"""`ProjectedEncoder`: an encoder behind a trained projector."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from torch import Tensor, nn

from limbeck.core.encoder import Encoder
from limbeck.core.errors import UsageError
from limbeck.core.features import Features
from limbeck.encoders.wanted import check_want


class ProjectedEncoder(Encoder):
    """`pooled = projector(base(view).pooled)`.

    Use when a unimodal encoder was aligned to a shared space and has to answer live: evaluation, search, doctor.

    Args:
        base: eats the view; its own pooled vectors are the output `base`, its other outputs keep their names.
        projector: `(n, base.width) -> (n, width)`, with `in_width` and `width`.

    Raises:
        UsageError: the projector was made for another width.
    """

    def __init__(self, base: Encoder, *, projector: nn.Module) -> None:
        super().__init__()
        if int(projector.in_width) != base.width:  # type: ignore[arg-type]
            raise UsageError(
                f"a projector for width {projector.in_width} cannot follow an encoder of width {base.width}"
            )
        self.base = base
        self.projector = projector
        self.outputs = ("pooled", "base", *(name for name in base.outputs if name not in ("pooled", "base")))
        self.modality = base.modality
        self.spec = base.spec
        self.vocabulary = base.vocabulary
        self.width = int(projector.width)  # type: ignore[arg-type]
        self.train(projector.training and base.training)

    def forward(self, view: Mapping[str, Tensor], *, want: Collection[str] = ("pooled",)) -> Features:
        """The outputs in `want` for whatever the base eats."""
        check_want(want, self.outputs, encoder="projected encoder")
        asked = tuple(dict.fromkeys("pooled" if name == "base" else name for name in want))
        found = self.base(view, want=asked)
        extras = dict(found.extras)
        if "base" in want:
            extras["base"] = found["pooled"]
        pooled = self.projector(found["pooled"]) if "pooled" in want else None
        return Features(pooled, found.tokens, found.mask, extras)

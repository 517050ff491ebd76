"""`TokenProjector`: every token into the space that tokens of another modality are compared in."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from limbeck.functional.rows import masked_mean
from limbeck.functional.similarity import normalise


class TokenProjector(nn.Module):
    """y_t = W norm(x_t),  pooled = mean over real tokens of y_t / |y_t|

    Use when patches and words are compared one by one (`LateInteractionLoss`); `pooled` is there for searches that
    keep one vector a row.

    Args:
        in_width: of the tokens.
        width: of the space.

    Source: FILIP, Yao et al. 2021, arXiv 2111.07783.

    Differs from the paper: layer norm before the map.
    """

    outputs = ("pooled", "tokens", "mask")

    def __init__(self, in_width: int, *, width: int) -> None:
        super().__init__()
        self.in_width = in_width
        self.width = width
        self.norm = nn.LayerNorm(in_width)
        self.into = nn.Linear(in_width, width)

    def forward(
        self, *, tokens: Float[Tensor, "n t in_width"], mask: Bool[Tensor, "n t"] | None = None
    ) -> dict[str, Tensor]:
        """Map tokens.

        Args:
            tokens: of one tower.
            mask: tokens that are real; None means all.

        Returns:
            `tokens` `(n, t, width)`; `mask` `(n, t)`; `pooled` `(n, width)`.
        """
        found = self.into(self.norm(tokens))
        kept = torch.ones(found.shape[:2], dtype=torch.bool, device=found.device) if mask is None else mask
        pooled = masked_mean(normalise(found), kept[..., None].expand_as(found), 1)
        return {"pooled": pooled, "tokens": found, "mask": kept}

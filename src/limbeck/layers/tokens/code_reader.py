"""`CodeReader`: says with which codes a picture or a sentence is written."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from limbeck.core.errors import UsageError
from limbeck.functional.sparsemax import sparsemax


class CodeReader(nn.Module):
    """Relevance of a code is its best match among the tokens; the vector is the weighted sum of the codes.

    r_k = max_t (W x_t) . c_k / temperature,  w = weigh(r),  pooled = sum_k w_k c_k

    Use when patches and words are too different in grain to be compared directly: both are written in shared codes.

    Args:
        in_width: of the tokens.
        width: of the codes.
        weigh: relevance -> weights that sum to 1: `sparsemax` (most are 0) or `softmax`, of
            `limbeck.functional.sparsemax`.
        temperature: > 0; lower uses fewer codes.

    Raises:
        UsageError: the temperature is not positive.

    Source: FDT, Chen et al. 2023, arXiv 2303.14865.

    Differs from the paper: a linear map into the space of the codes; the temperature is a setting.
    """

    outputs = ("pooled", "weights")

    def __init__(
        self,
        in_width: int,
        *,
        width: int,
        weigh: Callable[[Tensor], Tensor] = sparsemax,
        temperature: float = 1.0,
    ) -> None:
        super().__init__()
        if not temperature > 0:
            raise UsageError(f"temperature {temperature!r} is not valid; it must be > 0")
        self.in_width = in_width
        self.width = width
        self.weigh = weigh
        self.temperature = temperature
        self.norm = nn.LayerNorm(in_width)
        self.into = nn.Linear(in_width, width)

    def forward(
        self,
        *,
        tokens: Float[Tensor, "n t in_width"],
        codes: Float[Tensor, "k width"],
        mask: Bool[Tensor, "n t"] | None = None,
    ) -> dict[str, Tensor]:
        """Write rows in codes.

        Args:
            tokens: patches or words.
            codes: the shared table.
            mask: tokens that are real; None means all.

        Returns:
            `pooled` `(n, width)`; `weights` `(n, k)`, >= 0, each row sums to 1.
        """
        relevance = self.into(self.norm(tokens)) @ codes.T
        if mask is not None:
            relevance = relevance.masked_fill(~mask[..., None], torch.finfo(relevance.dtype).min)
        best = relevance.amax(1)
        if mask is not None:
            best = torch.where(mask.any(1, keepdim=True), best, 0.0)
        weights = self.weigh(best / self.temperature)
        return {"pooled": weights @ codes, "weights": weights}

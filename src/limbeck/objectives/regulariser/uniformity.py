"""`UniformityLoss`: use the whole sphere."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32
from torch import Tensor

from limbeck.core.errors import UsageError
from limbeck.core.objective import Objective
from limbeck.functional.rows import different, keep_rows, kept_pairs
from limbeck.functional.similarity import pairwise_cosine


class UniformityLoss(Objective):
    """Log of the mean Gaussian kernel between the unit vectors of different rows.

    loss = log mean_{i != j} exp(-sharpness |x_i - y_j|^2),  y = key where it is given, else y = x

    Use when a space is used in a narrow cone only. Without `key` it spreads one modality; with `key` it pushes rows of
    one modality from the other rows of the other one (cross-modal uniformity).

    Args:
        sharpness: of the kernel, > 0.

    Raises:
        UsageError: the sharpness is not positive.

    Source: Wang and Isola 2020, arXiv 2005.10242; across modalities Fahim et al. 2024, arXiv 2405.18570.

    Differs from the paper: a row is never compared with itself (Fahim et al. count it in one modality, a constant 1).
    """

    def __init__(self, sharpness: float = 2.0) -> None:
        super().__init__()
        if not sharpness > 0:
            raise UsageError(f"sharpness {sharpness!r} is not valid; it must be > 0, such as 2.0")
        self.sharpness = sharpness

    def forward(
        self,
        *,
        query: Float[Tensor, "n d"],
        key: Float[Tensor, "n d"] | None = None,
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, ""]:
        """One number: it does not split by row.

        Args:
            query: one modality, not normalised.
            key: another one, row by row, or None.
            mask: rows that count.

        Returns:
            `()`, in [-4 sharpness, 0]; 0 where fewer than two rows count.
        """
        query = keep_rows(query, mask)
        other = query if key is None else keep_rows(key, mask)
        pairs = different(kept_pairs(query, mask))
        # |x - y|^2 = 2 - 2 cos on the sphere
        exponent = -self.sharpness * (2.0 - 2.0 * pairwise_cosine(query, other))
        if not pairs.any():
            return exponent.sum() * 0.0
        return exponent[pairs].logsumexp(0) - pairs.sum().float().log()

"""`AlignmentLoss`: a pair lies at one place of the sphere."""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32
from torch import Tensor

from limbeck.core.objective import Objective
from limbeck.functional.rows import keep_losses, keep_rows
from limbeck.functional.similarity import normalise


class AlignmentLoss(Objective):
    """Squared distance of the two unit vectors of a pair; both sides move.

    loss_i = |q_i/|q_i| - k_i/|k_i||^2 = 2 - 2 cos(q_i, k_i)

    Use when a contrastive loss is content with the right order and leaves pairs far apart; beside `UniformityLoss`,
    which keeps everything from falling to one point.

    Source: Wang and Isola 2020, arXiv 2005.10242; for two encoders Fahim et al. 2024, arXiv 2405.18570.

    Differs from the paper: not at all for exponent 2.
    """

    def forward(
        self,
        *,
        query: Float[Tensor, "n d"],
        key: Float[Tensor, "n d"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            query: one modality, not normalised.
            key: the other one; row i belongs to row i of `query`.
            mask: rows that count.

        Returns:
            `(n,)`, in [0, 4].
        """
        difference = normalise(keep_rows(query, mask)) - normalise(keep_rows(key, mask))
        return keep_losses(difference.square().sum(-1), mask)

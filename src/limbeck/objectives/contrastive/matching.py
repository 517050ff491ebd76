"""`MatchingLoss`: does this pair belong together?"""

from __future__ import annotations

from jaxtyping import Bool, Float, Float32
from torch import Tensor
from torch.nn.functional import softplus

from limbeck.core.objective import Objective
from limbeck.functional.rows import keep_losses, keep_rows


class MatchingLoss(Objective):
    """Binary cross-entropy of the true pair and of one wrong pair a side.

    loss_i = (1/3) [ -log sigmoid(positive_i) - log sigmoid(-negative_query_i) - log sigmoid(-negative_key_i) ]

    Use when a fusion model scores pairs one by one; `heads.hard_pair_matcher` finds the wrong partners.

    Source: image-text matching of ALBEF, Li et al. 2021, arXiv 2107.07651.

    Differs from the paper: one logit and a sigmoid instead of two and a softmax, which is the same function.
    """

    def forward(
        self,
        *,
        positive: Float[Tensor, " n"],
        negative_query: Float[Tensor, " n"],
        negative_key: Float[Tensor, " n"],
        mask: Bool[Tensor, " n"] | None = None,
    ) -> Float32[Tensor, " n"]:
        """Loss of each row.

        Args:
            positive: logit of the true pair.
            negative_query: logit of a wrong query with the row's key; very negative where there is none.
            negative_key: logit of the row's query with a wrong key; very negative where there is none.
            mask: rows that count.

        Returns:
            `(n,)`, >= 0; log 2 for a model that knows nothing.
        """
        wrong = softplus(keep_rows(negative_query, mask)) + softplus(keep_rows(negative_key, mask))
        return keep_losses((softplus(-keep_rows(positive, mask)) + wrong) / 3.0, mask)

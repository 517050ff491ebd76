"""`DrawnPartners`: wrong partners, drawn in proportion to how right they look."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from limbeck.functional.draws import drawn_column
from limbeck.functional.negatives import hardest


class DrawnPartners(nn.Module):
    """j ~ softmax_{j wrong for i}(logits_ij), drawn anew at every training step.

    Use when wrong pairs shall be hard, but not always the hardest one, which may be right by mistake of the data:
    `HardPairMatcher(..., partners=DrawnPartners())`. Where all logits are alike every wrong partner is as likely.

    In eval mode the hardest one is taken, so that an answer is the same every time.

    Source: contrastive hard negatives of ALBEF, Li et al. 2021, arXiv 2107.07651.

    Differs from the paper: not at all.

    >>> import torch
    >>> logits, wrong = torch.tensor([[0.0, 1.0], [2.0, 0.0]]), ~torch.eye(2, dtype=torch.bool)
    >>> DrawnPartners()(logits, wrong)
    tensor([1, 0])
    """

    def forward(self, logits: Tensor, wrong: Tensor) -> Tensor:
        """Column of each row `(n,)`, -1 where a row has no wrong partner.

        Args:
            logits: how likely column j looks to be the partner of row i, `(n, n)`.
            wrong: True where it is not, `(n, n)`.
        """
        if not self.training:
            return hardest(logits, wrong)
        return drawn_column(logits, wrong, torch.rand(logits.shape, device=logits.device))

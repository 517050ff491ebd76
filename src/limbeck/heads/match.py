"""`MatchHead`: one number for a pair that was read together."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn


class MatchHead(nn.Module):
    """logit = w . gelu(W norm(x) + b) + c

    Use when a fuser's pooled vector shall say whether the pair belongs together.

    Args:
        width: of the fused vector.

    Source: the image-text matching head of ALBEF, Li et al. 2021, arXiv 2107.07651.

    Differs from the paper: one hidden layer more, one logit instead of two.

    >>> import torch
    >>> MatchHead(8)(pooled=torch.zeros(3, 8)).shape
    torch.Size([3])
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.norm = nn.LayerNorm(width)
        self.into = nn.Linear(width, width)
        self.out = nn.Linear(width, 1)

    def forward(self, *, pooled: Float[Tensor, "n width"]) -> Float[Tensor, " n"]:
        """Logit of each row, > 0 where the pair is more likely right than wrong."""
        return self.out(nn.functional.gelu(self.into(self.norm(pooled)))).squeeze(-1)  # type: ignore[no-any-return]

"""`DropFirst`: the tokens without those in front."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from limbeck.core.errors import UsageError


class DropFirst(nn.Module):
    """y = x without its first `count` tokens.

    Use when a class token stands before the patches and only the patches are compared with a grid.

    Args:
        count: tokens in front, >= 1.

    Raises:
        UsageError: the count is not positive.

    Source: the class token of ViT, Dosovitskiy et al. 2020, arXiv 2010.11929.

    >>> import torch
    >>> DropFirst()(tokens=torch.zeros(2, 17, 4))["tokens"].shape
    torch.Size([2, 16, 4])
    """

    outputs = ("tokens",)

    def __init__(self, count: int = 1) -> None:
        super().__init__()
        if count < 1:
            raise UsageError(f"count {count} is not valid; it must be at least 1")
        self.count = count

    def forward(self, *, tokens: Float[Tensor, "n t d"]) -> dict[str, Tensor]:
        """`tokens` `(n, t - count, d)`."""
        return {"tokens": tokens[:, self.count :]}

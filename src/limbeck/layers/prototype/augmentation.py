"""`PrototypeAugmentation`: a student's tokens with what prototypes add to them."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn


class PrototypeAugmentation(nn.Module):
    """Adds a learned map of the retrieved prototypes to the student's tokens.

    y_j = x_j + W r_j,  pooled = mean_j y_j

    W starts at zero: the student is untouched until the prototypes prove useful.

    Use when a bank of a teacher's local features (`PrototypeBank`) shall help a student on a task of its own; what
    follows (head) reads `pooled`.

    Args:
        width: of the student's tokens.
        bank_width: of the retrieved prototypes.

    Source: task-adaptive feature augmentation of ProC-KD, Li et al. 2022, arXiv 2212.13180.

    Differs from the paper: written from its abstract; a linear map and a sum that starts at zero.
    """

    def __init__(self, width: int, *, bank_width: int) -> None:
        super().__init__()
        self.width = width
        self.bank_width = bank_width
        self.into = nn.Linear(bank_width, width)
        nn.init.zeros_(self.into.weight)
        nn.init.zeros_(self.into.bias)

    def forward(
        self, *, tokens: Float[Tensor, "n t d"], retrieved: Float[Tensor, "n t e"]
    ) -> dict[str, Float[Tensor, "..."]]:
        """Augmented tokens `(n, t, d)`, and their mean as `pooled` `(n, d)`."""
        added = tokens + self.into(retrieved)
        return {"tokens": added, "pooled": added.mean(1)}
